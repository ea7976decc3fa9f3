"""The firmware's part of the choice, for the three kinds of board behind one protocol.

mark             QEMU's bench: autoboot.txt, and a file `tryboot` beside it the bench removes
reboot_argument  Raspberry Pi: autoboot.txt, and the argument of the reboot, which is in no memory
                 that outlasts it
nvboot           Jetson: NVIDIA's nvbootctrl; the primary is kept in a file of ours, because theirs
                 names the slot that is being tried
"""

import subprocess
from pathlib import Path
from typing import Protocol

from edge.errors import Kind
from edge.update import autoboot
from edge.update.boot import BootError, Slot
from edge.whole_file import sync_folder, write_whole

AUTOBOOT_NAME, MARK_NAME = "autoboot.txt", "tryboot"
# What the restart hands to the kernel, and that to the Pi's firmware.
REBOOT_ARGUMENT = b"0 tryboot"
_NVBOOTCTRL = "nvbootctrl"
_NVBOOT_SECONDS = 60
_NUMBERS = {Slot.A: "0", Slot.B: "1"}


class Selector(Protocol):
    """What the firmware is told. Each call is on the disk when it returns; may raise OSError."""

    def read_primary(self) -> Slot:
        """The slot that starts when nothing else is asked for. Raises BootError."""
        ...

    def write_primary(self, slot: Slot) -> None:
        """This slot starts from now on. Raises BootError."""
        ...

    def mark(self, slot: Slot) -> None:
        """The next start brings up this slot, once. Raises BootError."""
        ...

    def unmark(self) -> None:
        """Take back what `mark` asked for; nothing happens where it is taken back. May raise."""
        ...


class _Autoboot:
    """The choice in autoboot.txt on `sel`."""

    def __init__(self, sel: Path) -> None:
        self._sel = sel

    def read_primary(self) -> Slot:
        return autoboot.read_primary(self._sel / AUTOBOOT_NAME)

    def write_primary(self, slot: Slot) -> None:
        autoboot.write_primary(self._sel / AUTOBOOT_NAME, slot)

    def _check(self, slot: Slot) -> None:
        if slot is self.read_primary():
            raise BootError(Kind.FAILED_PRECONDITION, f"slot {slot.value} starts without a mark")


class MarkSelector(_Autoboot):
    """The mark is a file on `sel`."""

    def mark(self, slot: Slot) -> None:
        """As Selector.mark."""
        self._check(slot)
        write_whole(self._sel / MARK_NAME, b"1\n", mode=0o644, folder_mode=None)

    def unmark(self) -> None:
        """As Selector.unmark."""
        mark = self._sel / MARK_NAME
        if mark.exists():
            mark.unlink()
            sync_folder(self._sel)


class ArgumentSelector(_Autoboot):
    """The mark is the argument of the coming reboot: it is gone with any other end of this boot."""

    def __init__(self, sel: Path, argument: Path) -> None:
        """argument: the file in which `restart.py` finds it."""
        super().__init__(sel)
        self._argument = argument

    def mark(self, slot: Slot) -> None:
        """As Selector.mark."""
        self._check(slot)
        write_whole(self._argument, REBOOT_ARGUMENT, mode=0o644)

    def unmark(self) -> None:
        """As Selector.unmark."""
        self._argument.unlink(missing_ok=True)


class NvbootSelector:
    """NVIDIA's own choice. Its firmware may start a slot more than once: `boot.py` does not."""

    def __init__(self, primary: Path, program: str = _NVBOOTCTRL) -> None:
        """primary: the file of ours, one letter."""
        self._primary = primary
        self._program = program

    def read_primary(self) -> Slot:
        """As Selector.read_primary; on a fresh board the slot that runs."""
        if not self._primary.exists():
            return self._get_current()
        word = self._primary.read_text().strip()
        if word not in {"A", "B"}:
            raise BootError(Kind.DATA_LOSS, f"'{word}' names no slot", where=str(self._primary))
        return Slot(word)

    def write_primary(self, slot: Slot) -> None:
        """As Selector.write_primary. Ours first: a cut behind it is taken up at the next start."""
        write_whole(self._primary, f"{slot.value}\n".encode())
        self._run("set-active-boot-slot", _NUMBERS[slot])
        if self._get_current() is slot:
            self._run("mark-boot-successful")

    def mark(self, slot: Slot) -> None:
        """As Selector.mark."""
        # Their word for the active slot changes here; ours is what we go back to.
        write_whole(self._primary, f"{self.read_primary().value}\n".encode())
        self._run("set-active-boot-slot", _NUMBERS[slot])

    def unmark(self) -> None:
        """As Selector.unmark."""
        self._run("set-active-boot-slot", _NUMBERS[self.read_primary()])

    def _get_current(self) -> Slot:
        said = self._run("get-current-slot").strip()
        for slot, number in _NUMBERS.items():
            if said == number:
                return slot
        raise BootError(Kind.INTERNAL, f"{self._program} says that slot '{said}' runs")

    def _run(self, *words: str) -> str:
        try:
            done = subprocess.run(
                [self._program, *words],
                capture_output=True,
                text=True,
                check=True,
                timeout=_NVBOOT_SECONDS,
            )
        except FileNotFoundError as error:
            what = f"{self._program} is not on this board"
            raise BootError(Kind.FAILED_PRECONDITION, what) from error
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise BootError(Kind.INTERNAL, f"{self._program} {' '.join(words)}: {error}") from error
        return done.stdout
