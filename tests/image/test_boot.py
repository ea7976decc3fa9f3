"""A flashed card starts, to the end, as the image's own lists say."""

from pathlib import Path

import pytest

from tests.image.card import Card, copy_card
from tests.image.conftest import CARD_BYTES, newest_image
from tests.image.machine import Machine, choose_slot, saying

# `make image-test` starts its machine for a whole life instead: test_pole.py.
pytestmark = [pytest.mark.image, pytest.mark.image_full, pytest.mark.timeout(900)]
# What these boots are not about, and what would wait for a control room.
VIGIE_UNITS = [
    f"vigie-{name}.service"
    for name in (
        *("state", "grow", "first-boot", "clock", "unlock", "commit"),
        *("eye", "vault", "link"),
    )
]


def test_a_flashed_card_starts_and_says_its_version(machine: Machine) -> None:
    say = saying(
        "/opt/vigie/bin/vigie --version; cat /run/vigie/slot.env; systemctl --failed --no-legend;"
        " cut -d' ' -f1 /proc/uptime; echo said",
        after="multi-user.target",
    )
    with machine.boot(wants={"say.service": say}, masks=VIGIE_UNITS) as running:
        running.wait_for(r"vigie, version \d+\.\d+\.\d+")
        running.wait_for("SLOT=A")
        said = running.wait_for(r"(?s)DISK=/dev/vda(.*?)said").group(1)
        print(f"boot: {running.seconds():.0f} s, {running.cpu_seconds():.0f} s of CPU")
    assert ".service" not in said, said


def test_a_64_bit_arm_starts_from_the_same_recipe(bench_folder: Path, tmp_path: Path) -> None:
    image = newest_image(bench_folder, "qemu-arm64", "qemu-system-aarch64")
    card = copy_card(image, tmp_path / "card.img", size_bytes=2 << 30)
    machine = Machine(card, tmp_path, board="qemu-arm64")
    say = saying("/opt/vigie/bin/vigie --version; uname -m", after="multi-user.target")
    with machine.boot(wants={"say.service": say}, masks=VIGIE_UNITS) as running:
        running.wait_for(r"vigie, version \d+\.\d+\.\d+")
        running.wait_for("aarch64")
        print(f"boot: {running.seconds():.0f} s, {running.cpu_seconds():.0f} s of CPU")


def test_systemd_feeds_the_hardwares_watchdog_and_the_data_partition_is_made(
    card: Card, machine: Machine
) -> None:
    say = saying(
        "cat /sys/class/watchdog/watchdog0/state; ls -l /proc/1/fd | grep -o watchdog0;"
        " systemctl is-active rauc.service; systemctl show -P NRestarts rauc.service; echo said",
        after="multi-user.target vigie-grow.service",
    )
    masks = [unit for unit in VIGIE_UNITS if unit != "vigie-grow.service"]
    with machine.boot(wants={"say.service": say}, masks=masks) as running:
        running.wait_for(r"\bactive")
        running.wait_for("watchdog0")
        running.wait_for("said")
    made = card.partitions()["data"]
    end = card.partitions()["state"]
    assert made.start_bytes == end.start_bytes + end.size_bytes
    # All that the card has left but the second table at its end.
    assert CARD_BYTES - (made.start_bytes + made.size_bytes) < 2 << 20


def test_a_root_that_was_changed_resets_the_machine(card: Card, machine: Machine) -> None:
    # All but the superblock and the first directory: whatever is read next is damaged.
    card.overwrite("root-a", 1 << 20, bytes(250 << 20))
    with machine.boot(masks=VIGIE_UNITS) as running:
        running.wait_for_end()
    assert "vigie-init: slot A" not in running.text.partition("corrupted")[2]
    assert "corrupted" in running.text


def test_a_root_whose_head_is_damaged_is_taken_from_the_other_slot(
    card: Card, machine: Machine
) -> None:
    line = (card.read_file("boot-a", "cmdline.txt") or b"").decode()
    head = int(line.partition("vigie.hashoffset=")[2].split()[0])
    card.overwrite("root-a", head, bytes(4096))
    with machine.boot(masks=VIGIE_UNITS, arguments=["loglevel=6"]) as running:
        running.wait_for("vigie-init: slot B, root")


def test_a_mark_lets_the_other_slot_be_tried_once(card: Card) -> None:
    assert choose_slot(card).slot == "A"
    mark = card.path.with_name("mark")
    mark.write_bytes(b"1")
    card.write_file("sel", "tryboot", mark)
    tried = choose_slot(card)
    assert (tried.slot, tried.is_tried) == ("B", True)
    assert choose_slot(card).slot == "A"
