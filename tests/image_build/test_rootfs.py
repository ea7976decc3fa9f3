"""The image's own units and settings: an order without a gap, and nothing that asks a person."""

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from edge.board.card import VISIT
from edge.doctor.cable import PORT
from edge.doctor.token import MAX_MINUTES
from edge.update.autoboot import format_autoboot
from edge.update.boot import Slot
from firmware.tree import MASKED, lay_over

SYSTEM = Path("image-build/rootfs/usr/lib/systemd/system")
ROOMS = ("eye", "vault", "link")
# Who may start only after whom: the state, then who the pole is, then the time, then its data.
ORDER = ("vigie-state", "vigie-first-boot", "vigie-clock", "vigie-unlock")


def values(unit: Path, key: str) -> list[str]:
    """All words of a key, wherever it stands in a unit."""
    lines = unit.read_text().splitlines()
    return [
        word
        for line in lines
        if line.startswith(f"{key}=")
        for word in line[len(key) + 1 :].split()
    ]


def units(repository: Path) -> list[Path]:
    return sorted((repository / SYSTEM).glob("*.service"))


def test_systemd_understands_every_line(repository: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    for unit in units(repository):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", unit],
            capture_output=True,
            text=True,
            check=False,
        )
        # The programs stand only on a pole.
        wrong = [line for line in done.stderr.splitlines() if "is not executable" not in line]
        assert [line for line in wrong if line.startswith(unit.name)] == []


@pytest.mark.parametrize(("before", "after"), list(pairwise(ORDER)))
def test_each_step_of_a_start_waits_for_the_one_before(
    repository: Path, before: str, after: str
) -> None:
    assert f"{before}.service" in values(repository / SYSTEM / f"{after}.service", "After")


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_starts_before_its_data_is_open(repository: Path, room: str) -> None:
    drop_in = repository / SYSTEM / f"vigie-{room}.service.d" / "image.conf"
    assert values(drop_in, "Requires") == ["vigie-unlock.service"]
    assert values(drop_in, "After") == ["vigie-unlock.service"]


def test_what_waits_for_services_is_not_told_to_come_before_all_of_them(repository: Path) -> None:
    """systemd would break the circle by leaving out a unit of its choice, the network's even."""
    for unit in (repository / SYSTEM).glob("*.path"):
        if any(each.endswith(".service") for each in values(unit, "After")):
            assert values(unit, "DefaultDependencies") == ["no"], unit.name


def test_every_unit_starts_by_itself(repository: Path) -> None:
    presets = repository / "image-build/rootfs/usr/lib/systemd/system-preset/00-vigie.preset"
    lines = presets.read_text().splitlines()
    assert "enable vigie-*.service" in lines
    assert "enable vigie-*.timer" in lines
    assert lines[-1] == "disable *"
    for unit in units(repository):
        if unit.name == "vigie-cable.service":
            assert values(unit, "WantedBy") == [], "only a visit starts it"
            continue
        wanted = [] if unit.with_suffix(".timer").exists() else ["multi-user.target"]
        assert values(unit, "WantedBy") == wanted, unit.name
    assert values(repository / SYSTEM / "vigie-guard.timer", "WantedBy") == ["timers.target"]


def test_every_unit_of_vigie_runs_one_interpreter(repository: Path) -> None:
    every = [*units(repository), *(repository / "image-build/units").glob("*.service")]
    programs = {words[0] for unit in every if (words := values(unit, "ExecStart"))}
    guard = "/usr/lib/vigie/trial-guard"  # a shell: it must run where no interpreter does
    others = {"/usr/bin/systemd-repart", "/usr/sbin/modprobe", guard}
    assert programs == {"/opt/vigie/bin/python"} | others


@pytest.mark.parametrize(
    ("slot", "primary", "is_back"),
    [("A", "A", False), ("B", "B", False), ("A", "B", True), ("B", "A", True)],
)
def test_the_guard_sends_back_a_slot_that_was_never_kept(
    repository: Path, tmp_path: Path, slot: str, primary: str, *, is_back: bool
) -> None:
    done = run_guard(repository, tmp_path, slot, format_autoboot(Slot(primary)))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "restarted").exists() is is_back


def test_the_guard_does_not_guess(repository: Path, tmp_path: Path) -> None:
    done = run_guard(repository, tmp_path, "A", b"\0" * 512)
    assert done.returncode == 1
    assert not (tmp_path / "restarted").exists()


def run_guard(
    repository: Path, folder: Path, slot: str, autoboot: bytes
) -> "subprocess.CompletedProcess[str]":
    (folder / "slot.env").write_text(f"SLOT={slot}\nROOT=/dev/vda4\nDISK=/dev/vda\n")
    (folder / "autoboot.txt").write_bytes(autoboot)
    restart = folder / "systemctl"
    restart.write_text(f'#!/bin/sh\n[ "$1" = reboot ] && touch {folder}/restarted\n')
    restart.chmod(0o755)
    guard = repository / "image-build/rootfs/usr/lib/vigie/trial-guard"
    return subprocess.run(
        ["sh", guard, folder / "slot.env", folder / "autoboot.txt"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{folder}:/usr/bin:/bin"},
    )


def test_a_visit_starts_only_where_the_card_brought_a_token_and_after_the_rooms(
    repository: Path,
) -> None:
    unit = repository / SYSTEM / "vigie-visit.service"
    assert values(unit, "ConditionPathExists") == [VISIT]
    # A trial of a new slot wants frames, and a visit stops the eye.
    first = [*(f"vigie-{room}.service" for room in ROOMS), "vigie-commit.service"]
    assert {"vigie-unlock.service", *first} <= set(values(unit, "After"))
    assert values(unit, "SocketBindDeny") == ["any"]
    assert values(unit, "SocketBindAllow") == [f"ipv4:tcp:{PORT}"]
    assert values(unit, "Restart") == ["no"]
    # Longer than any token, and no longer than that and an examination.
    assert values(unit, "RuntimeMaxSec") == [f"{MAX_MINUTES + 10}min"]
    assert values(unit, "ExecStopPost")[-2:] == ["start", "vigie-eye.service"]


def test_a_cable_beside_the_uplink_is_left_alone(repository: Path) -> None:
    settings = repository / "image-build/rootfs/etc/NetworkManager/conf.d/vigie.conf"
    assert values(settings, "no-auto-default") == ["*"]
    assert values(settings, "unmanaged-devices") == ["interface-name:usb*"]


def test_nothing_asks_who_stands_at_the_pole(repository: Path) -> None:
    assert {"getty@.service", "serial-getty@.service", "debug-shell.service"} <= set(MASKED)
    for name in ("emergency", "rescue"):
        drop_in = repository / SYSTEM / f"{name}.service.d" / "image.conf"
        assert values(drop_in, "ExecStart") == ["/usr/bin/systemctl", "--force", "reboot"]


def test_the_journal_is_memory_and_has_an_end(repository: Path) -> None:
    journald = repository / "image-build/rootfs/usr/lib/systemd/journald.conf.d/vigie.conf"
    assert values(journald, "Storage") == ["volatile"]
    assert values(journald, "RuntimeMaxUse") == ["24M"]


def test_the_initramfs_is_a_script_that_a_shell_takes(repository: Path) -> None:
    script = repository / "image-build/initramfs/init"
    subprocess.run(["sh", "-n", script], check=True)


def test_what_is_laid_into_the_root_may_be_read_whoever_checked_it_out(tmp_path: Path) -> None:
    source, root = tmp_path / "rootfs", tmp_path / "root"
    (source / "etc" / "rauc").mkdir(parents=True)
    (source / "etc" / "rauc" / "system.conf").write_text("[system]\n")
    program = source / "etc" / "hook"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    for path in (source, source / "etc", source / "etc" / "rauc"):
        path.chmod(0o700)
    (source / "etc" / "rauc" / "system.conf").chmod(0o600)
    root.mkdir()
    lay_over(source, root)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (root, *root.rglob("*"))}
    assert modes == {
        "root": 0o755,
        "etc": 0o755,
        "rauc": 0o755,
        "system.conf": 0o644,
        "hook": 0o755,
    }
