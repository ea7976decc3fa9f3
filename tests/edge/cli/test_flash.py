"""`vigie flash` as a person types it; disks are told by an lsblk of our own, over real ones."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.doctor.token import make_token, sign_token
from edge.flash.selection import find_selection
from edge.flash.signature import signature_path
from edge.mandate.keys import make_signing_key, write_private_pem
from edge.provision.keys import write_public
from edge.provision.places import VISIT_ON_CARD
from edge.provision.signing import PLACE_ON_CARD, sign_provisioning
from tests.fakes.cards import (
    MIB,
    describe,
    has_loops,
    has_programs,
    has_table,
    loop_device,
    make_image,
)
from tests.fakes.control_room import VIGIE, run_vigie
from tests.fakes.provisioning import fleet_key, provisioning, signed, tampered

pytestmark = pytest.mark.skipif(not has_programs(), reason="sfdisk or mtools is not here")
real_disk = pytest.mark.skipif(not has_loops(), reason="no loop devices for this user")
NOW = datetime.now(UTC).replace(microsecond=0)


def fresh(device: str = "north-gate", **changed: object) -> bytes:
    """A file that is good today."""
    values = {"made": NOW, "expires": NOW + timedelta(days=1)} | changed
    return sign_provisioning(provisioning(device, **values), fleet_key())


class Desk:
    """A folder with an image and a file, and the disks of this machine as lsblk tells them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image = make_image(folder)
        self.file = folder / "north-gate.provision.json"
        self.file.write_bytes(fresh())
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.tell_disks()

    def tell_disks(self, *disks: dict[str, object]) -> None:
        """What lsblk prints from now on."""
        rows = [
            {
                "model": "STORAGE DEVICE", "type": "disk", "tran": "usb", "rm": True,
                "hotplug": True, "ro": False, "mountpoints": [None], "size": 32 * MIB,
            } | disk
            for disk in disks
        ]  # fmt: skip
        (self.folder / "lsblk.json").write_text(json.dumps({"blockdevices": rows}))
        program = self.programs / "lsblk"
        program.write_text(f"#!/bin/sh\ncat {self.folder}/lsblk.json\n")
        program.chmod(0o755)

    def flash(self, *words: str | Path, answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run it; no words: the image and the file."""
        return subprocess.run(
            [*VIGIE, "flash", *map(str, words)],
            input=answer,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.folder,
            env={**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"},
        )

    def write(self, *words: str | Path, answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run it with the image and the pole's file."""
        return self.flash(self.image, "--provision", self.file, *words, answer=answer)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def named(path: Path, **changed: object) -> dict[str, object]:
    return {"name": path.name, "path": str(path)} | changed


SDB: dict[str, object] = {"name": "sdb", "path": "/dev/sdb"}


def test_without_an_image_the_disks_that_may_be_written_are_listed(desk: Desk) -> None:
    desk.tell_disks(SDB, {"name": "vda", "path": "/dev/vda", "rm": False, "hotplug": False})
    listed = desk.flash()
    assert listed.stdout.splitlines() == [
        "disk  size    model           bus  mounted",
        "sdb   0.0 GB  STORAGE DEVICE  usb  nothing",
    ]
    told = [json.loads(line) for line in desk.flash("--json").stdout.splitlines()]
    assert [each["disk"] for each in told] == ["sdb"]
    desk.tell_disks()
    assert desk.flash().stderr == "no removable disk is here; put a card in\n"


def test_a_token_for_the_first_visit_goes_onto_the_card_of_its_pole_only(desk: Desk) -> None:
    key = make_signing_key("technician")
    token = desk.folder / "visit.json"
    token.write_bytes(sign_token(make_token("north-gate", 15, NOW, timedelta(hours=1)), key))
    made = desk.write("--to", "card.img", "--visit", token)
    assert made.returncode == 0, made.stderr
    assert "for north-gate with a visit; read back and right" in made.stdout
    selection = find_selection(desk.folder / "card.img")
    assert selection.read_file(VISIT_ON_CARD) == token.read_bytes()
    assert selection.read_file(PLACE_ON_CARD) == desk.file.read_bytes()
    token.write_bytes(sign_token(make_token("yard", 15, NOW, timedelta(hours=1)), key))
    other = desk.write("--to", "other.img", "--visit", token)
    assert other.returncode == 3
    assert "this token is for yard, and the card is for north-gate" in other.stderr
    assert desk.write("--batch", "poles.csv", "--visit", token).returncode == 2
    assert not (desk.folder / "other.img").exists()


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_written_whole(desk: Desk, packed: bool) -> None:
    desk.image = describe(desk.image, packed=packed)
    made = desk.write("--to", "card.img", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["device"], told["target"]) == ("north-gate", "card.img")
    card = desk.folder / "card.img"
    assert find_selection(card).read_file(PLACE_ON_CARD) == desk.file.read_bytes()
    again = desk.write("--to", "card.img")
    assert again.returncode == 5
    assert "exists already and is not overwritten" in again.stderr


def test_the_image_itself_is_no_target(desk: Desk) -> None:
    refused = desk.write("--to", desk.image)
    assert refused.returncode == 5
    assert refused.stderr.startswith(f"vigie: {desk.image}: this is the image itself\n")


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    desk.tell_disks(SDB)
    shown = desk.write("--disk", "sdb", "--dry-run")
    assert shown.returncode == 0
    assert shown.stderr.startswith(f"would write {desk.image.name} for north-gate to /dev/sdb")
    assert desk.write("--to", "card.img", "--dry-run").returncode == 0
    assert not (desk.folder / "card.img").exists()


REFUSALS: list[tuple[dict[str, object], str]] = [
    ({"mountpoints": ["/"]}, "this disk holds the running system"),
    ({"mountpoints": ["/media/card"]}, "this disk is mounted at /media/card"),
    ({"rm": False, "hotplug": False}, "this disk is not removable"),
    ({"ro": True}, "this disk is write-protected"),
    ({"size": 10 * MIB}, "this disk has 0.0 GB, and the image needs 0.0 GB"),
    ({"size": 0}, "there is no card in it"),
]


@pytest.mark.parametrize(("changed", "said"), REFUSALS)
def test_a_wrong_disk_is_refused_whatever_was_said(
    desk: Desk, changed: dict[str, object], said: str
) -> None:
    desk.tell_disks(SDB | changed)
    refused = desk.write("--disk", "/dev/sdb", "--yes")
    assert refused.returncode == 5
    assert refused.stderr.startswith(f"vigie: /dev/sdb: {said}\n")


def test_a_disk_that_is_not_there_is_refused(desk: Desk) -> None:
    refused = desk.write("--disk", "sdb", "--yes")
    assert refused.returncode == 4
    assert refused.stderr.startswith("vigie: there is no disk sdb\n")


def test_a_listing_that_cannot_be_read_stops_everything(desk: Desk) -> None:
    (desk.folder / "lsblk.json").write_text("none of your business")
    refused = desk.write("--disk", "sdb", "--yes")
    assert refused.returncode == 3
    assert "lsblk's list is not JSON" in refused.stderr


FOREIGN = make_signing_key("provision")
FILES: list[tuple[Callable[[], bytes], int, str]] = [
    (lambda: tampered(fresh(), {"control.example": "thief.example"}), 5, "not signed by the fleet"),
    (lambda: signed(provisioning(made=NOW, expires=NOW + timedelta(1)), FOREIGN), 5, "not signed"),
    (lambda: fresh(board="rpi"), 5, "is for board rpi, and this is qemu-amd64"),
    (lambda: fresh(made=NOW - timedelta(2), expires=NOW - timedelta(1)), 5, "expired on"),
    (lambda: b"{}", 3, "this is no provisioning file"),
    (lambda: bytes(300_000), 3, "has more than"),
]


@pytest.mark.parametrize("number", range(len(FILES)))
def test_a_file_that_the_pole_would_refuse_is_refused_here(desk: Desk, number: int) -> None:
    content, code, said = FILES[number]
    desk.file.write_bytes(content())
    refused = desk.write("--to", "card.img")
    assert refused.returncode == code
    assert said in refused.stderr
    assert str(desk.file) in refused.stderr
    assert not (desk.folder / "card.img").exists()


def test_a_damaged_image_is_refused_before_anything_is_asked_of_a_disk(desk: Desk) -> None:
    with desk.image.open("r+b") as file:
        file.seek(10 * MIB)
        file.write(b"\0\1\2")
    refused = desk.write("--to", "card.img")
    assert refused.returncode == 7
    assert "the image is not what its manifest says" in refused.stderr
    assert [path.name for path in desk.folder.glob("*card.img*")] == []


def test_words_that_cannot_be_meant_together_are_refused(desk: Desk) -> None:
    for words in (
        ["--disk", "sdb"],
        [desk.image, "--disk", "sdb"],
        [desk.image, "--provision", desk.file],
        [desk.image, "--provision", desk.file, "--disk", "sdb", "--to", "x"],
        [desk.image, "--batch", "poles.csv", "--yes"],
        [desk.image, "--batch", "poles.csv", "--disk", "sdb"],
    ):
        refused = desk.flash(*words)
        assert refused.returncode == 2, words
    desk.tell_disks(SDB)
    assert "sdb" in desk.flash(desk.image, "--provision", desk.file).stdout


def test_nobody_there_to_ask_is_said(desk: Desk) -> None:
    desk.tell_disks(SDB)
    refused = desk.write("--disk", "sdb")
    assert refused.returncode == 2
    assert "there is nobody to ask here; give --disk and --yes" in refused.stderr


def test_another_word_than_the_disks_name_writes_nothing(desk: Desk) -> None:
    desk.tell_disks(SDB)
    for answer in ("yes\n", "sda\n", "\n", "SDB\n"):
        refused = desk.write("--disk", "sdb", answer=answer)
        assert refused.returncode == 1, answer
        assert "nothing was written; /dev/sdb is as it was" in refused.stderr


def test_missing_programs_are_named_with_their_packages(desk: Desk) -> None:
    empty = desk.folder / "empty"
    empty.mkdir()
    done = subprocess.run(
        [*VIGIE, "flash"], capture_output=True, text=True, check=False, env={"PATH": str(empty)}
    )
    assert done.returncode == 5
    assert "apt-get install util-linux" in done.stderr


@pytest.fixture
def disk(desk: Desk) -> Iterator[Path]:
    """A real block device, which lsblk calls a card."""
    medium = desk.folder / "medium"
    with medium.open("wb") as file:
        file.truncate(32 * MIB)
    with loop_device(medium) as device:
        desk.tell_disks(named(device))
        yield device


@real_disk
def test_a_disk_is_written_after_its_name_was_typed(desk: Desk, disk: Path) -> None:
    made = desk.write("--disk", disk.name, answer=f"{disk.name}\n")
    assert made.returncode == 0, made.stderr
    assert f"all of {disk}, 0.0 GB, STORAGE DEVICE, usb is lost" in made.stderr
    assert made.stdout.strip().endswith("read back and right")
    assert find_selection(disk).read_file(PLACE_ON_CARD) == desk.file.read_bytes()


@real_disk
def test_an_image_that_turns_out_damaged_leaves_the_disk_as_it_was(desk: Desk, disk: Path) -> None:
    assert desk.write("--disk", disk.name, "--yes").returncode == 0
    with desk.image.open("r+b") as file:
        file.write(b"\1")
    assert desk.write("--disk", disk.name, "--yes").returncode == 7
    assert has_table(disk)


@real_disk
def test_a_locked_disk_that_lsblk_did_not_notice_is_refused(desk: Desk) -> None:
    medium = desk.folder / "medium"
    with medium.open("wb") as file:
        file.truncate(32 * MIB)
    with loop_device(medium, "--read-only") as device:
        desk.tell_disks(named(device))
        refused = desk.write("--disk", device, "--yes")
    assert refused.returncode == 5
    assert f"{device}: the disk is write-protected" in refused.stderr


def _list_poles(desk: Desk, *devices: str) -> None:
    lines = ["device,site", *(f"{device},site.toml" for device in devices)]
    (desk.folder / "poles.csv").write_text("\n".join(lines))
    for device in devices:
        (desk.folder / f"{device}.provision.json").write_bytes(fresh(device))


@real_disk
def test_a_batch_writes_a_card_for_each_pole(desk: Desk, disk: Path) -> None:
    _list_poles(desk, "north-gate", "yard", "lane")
    answers = f"\nsdx\n{disk.name}\nskip\n{disk.name}\n"
    made = desk.flash(desk.image, "--batch", "poles.csv", answer=answers)
    assert made.returncode == 1, made.stderr
    for_whom = re.findall(r" for ([a-z-]+); read back", made.stdout)
    assert for_whom == ["north-gate", "lane"]
    assert "vigie: there is no disk sdx" in made.stderr
    assert "vigie: not written: yard" in made.stderr
    assert find_selection(disk).read_file(PLACE_ON_CARD) == fresh("lane")


def test_a_batch_checks_every_file_before_the_first_card(desk: Desk) -> None:
    _list_poles(desk, "north-gate", "yard", "lane")
    (desk.folder / "yard.provision.json").unlink()
    (desk.folder / "lane.provision.json").write_bytes(fresh("lane", board="rpi"))
    refused = desk.flash(desk.image, "--batch", "poles.csv")
    assert refused.returncode == 3
    assert "yard.provision.json: there is no such file" in refused.stderr
    assert "the provisioning file is for board rpi" in refused.stderr


def test_a_batch_that_is_stopped_says_what_is_left(desk: Desk) -> None:
    _list_poles(desk, "north-gate", "yard")
    stopped = desk.flash(desk.image, "--batch", "poles.csv", answer="stop\n")
    assert stopped.returncode == 1
    assert "vigie: not written: north-gate, yard" in stopped.stderr
    shown = desk.flash(desk.image, "--batch", "poles.csv", "--dry-run")
    assert shown.returncode == 0
    assert shown.stderr.count("would write") == 2


def test_the_fleets_key_is_asked_whether_it_signed_the_image(desk: Desk) -> None:
    told = desk.write("--to", "card.img", "--dry-run").stderr
    assert f"who made {desk.image.name} was not checked: no fleet's key is at hand" in told
    key = desk.folder / "elsewhere" / "fleet.pub"
    key.parent.mkdir()
    key.write_bytes(write_public(fleet_key().public))
    made = desk.write("--to", "card.img", "--fleet-key", key)
    assert made.returncode == 0, made.stderr
    assert f"vigie: {desk.image.name} is signed by the fleet's key\n" in made.stderr


def test_a_key_beside_the_poles_file_is_asked_without_being_named(desk: Desk) -> None:
    (desk.folder / "provision.pub").write_bytes(write_public(fleet_key().public))
    assert "is signed by the fleet's key" in desk.write("--to", "card.img", "--dry-run").stderr
    _list_poles(desk, "north-gate")
    batch = desk.flash(desk.image, "--batch", "poles.csv", "--dry-run")
    assert "is signed by the fleet's key" in batch.stderr
    signature_path(desk.image.with_suffix(".manifest.json")).unlink()
    for words in (["--to", "card.img", "--provision", desk.file], ["--batch", "poles.csv"]):
        refused = desk.flash(desk.image, *words)
        assert refused.returncode in {3, 5}
        assert "the image's manifest is not signed, and a fleet's key was given" in refused.stderr
    assert not (desk.folder / "card.img").exists()


def test_who_keeps_the_key_signs_what_a_build_could_not(desk: Desk) -> None:
    manifest = desk.image.with_suffix(".manifest.json")
    signature_path(manifest).unlink()
    keys = {"fleet": fleet_key(), "other": FOREIGN}
    for name, key in keys.items():
        (desk.folder / f"{name}.key").write_bytes(write_private_pem(key))
    (desk.folder / "provision.pub").write_bytes(write_public(fleet_key().public))
    refused = run_vigie("provision", "sign", manifest, "--key", desk.folder / "other.key")
    assert refused.returncode == 5
    assert "the image believes key" in refused.stderr
    signed = run_vigie("provision", "sign", manifest, "--key", desk.folder / "fleet.key", "--json")
    assert json.loads(signed.stdout)["keyid"] == fleet_key().public.keyid
    assert desk.write("--to", "card.img").returncode == 0
    wrong = run_vigie("provision", "sign", desk.file, "--key", desk.folder / "fleet.key")
    assert wrong.returncode == 3
    assert "this is no image's manifest" in wrong.stderr
