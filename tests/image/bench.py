"""A virtual pole with everything that a bench brings along: a film, a shell, patience."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.image.card import Card
from tests.image.film import MOUNT, SERIAL
from tests.image.machine import Machine, Running
from tests.image.power import CutPower
from tests.image.shell import UNIT, SecondLine, Shell
from tests.system.forbidden import ROOMS

# Under emulation the three rooms need a minute or two to import what they need; beside other work
# much more.
WORK_SECONDS = 900.0
_DISK = f"dev-disk-by\\x2did-virtio\\x2d{SERIAL}.device"
_MOUNT_FILM = f"""\
[Unit]
DefaultDependencies=no
Requires={_DISK}
After={_DISK} systemd-tmpfiles-setup.service
Before=vigie-eye.service vigie-vault.service vigie-link.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/mkdir -p {MOUNT}
ExecStart=/usr/bin/mount -t erofs -o ro,nosuid,nodev /dev/disk/by-id/virtio-{SERIAL} {MOUNT}
"""
# On a board whose kernel line has no room for more than this: the rest lies on the bench's disk.
MOUNT_FILM_AND_UNITS = f"""\
{_MOUNT_FILM}\
ExecStart=/usr/bin/cp -r {MOUNT}/units/. /run/systemd/system/
ExecStart=/usr/bin/systemctl daemon-reload
"""
# An emulated processor takes ten times the time, so the watchdogs have it too.
_PATIENT = "[Service]\nWatchdogSec=60\nTimeoutStartSec=900\n"
# A film ends; the bench's camera plays it again and again.
_LOOP = f"""\
{_PATIENT}
ExecStart=
ExecStart=/opt/vigie/bin/python -m edge.eye.run --site /etc/vigie/site.toml \
--data /var/lib/vigie/pole --models /usr/share/vigie/models --loop
"""
# A real pole gives a new slot a quarter of an hour.
TRIAL_SECONDS = 600
# As on a real pole: the verdict's time begins when its program runs, the guard's at the start.
GUARD_AFTER_SECONDS = 300
_TRIAL = """\
[Service]
ExecStart=
ExecStart=/opt/vigie/bin/python -m edge.update.commit --trial-seconds {seconds}
"""
_GUARD = "[Timer]\nOnBootSec=\nOnBootSec={seconds}\n"
UNITS_ON_DISK = {f"vigie-{room}.service.d/bench.conf": _PATIENT for room in ROOMS} | {
    "vigie-eye.service.d/bench.conf": _LOOP
}
HEAR = ["systemd.journald.forward_to_console=1", "systemd.journald.max_level_console=info"]


@dataclass(frozen=True, slots=True)
class AtWork:
    """A pole that is on."""

    running: Running
    shell: Shell

    def pid(self, room: str) -> int:
        """The main process of a room."""
        return int(self.shell.run(f"systemctl show --value -p MainPID vigie-{room}"))

    def note(self, what: str) -> None:
        """A line of the report: when, at what cost."""
        seconds, cpu = self.running.seconds(), self.running.cpu_seconds()
        print(f"{seconds:7.1f} s, {cpu:6.1f} s of CPU: {what}", flush=True)


def make_pole(card: Path, folder: Path, disk: Path, board: str = "qemu-amd64") -> Machine:
    """A pole with that card and the bench's disk, off."""
    drive = ["-drive", f"file={disk},format=raw,if=none,id=bench,readonly=on"]
    drive += ["-device", f"virtio-blk-pci,drive=bench,serial={SERIAL}"]
    return Machine(Card(card), folder, board=board, extra=drive)


@contextmanager
def switch_on(
    pole: Machine,
    *,
    network: str = "user,id=net0",
    extra: Sequence[str] = (),
    trial_seconds: int = TRIAL_SECONDS,
    cut: CutPower | None = None,
) -> Iterator[AtWork]:
    """Power, until the `with` is left. The serial line tells the journal."""
    line = SecondLine(pole.folder)
    wants = {"bench.service": _MOUNT_FILM, "bench-shell.service": UNIT}
    dropins = {f"vigie-{room}.service": _PATIENT for room in ROOMS} | {
        "vigie-eye.service": _LOOP,
        "vigie-commit.service": _TRIAL.format(seconds=trial_seconds),
        "vigie-guard.timer": _GUARD.format(seconds=trial_seconds + GUARD_AFTER_SECONDS),
    }
    with (
        pole.boot(
            wants=wants,
            dropins=dropins,
            arguments=HEAR,
            network=network,
            extra=[*line.words, *extra],
            cut=cut,
        ) as running,
        line.open_shell(running) as shell,
    ):
        yield AtWork(running, shell)
