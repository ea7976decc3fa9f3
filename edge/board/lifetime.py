"""How the machine's last life ended: told as a room's end is, so that the control room hears of it.

A mark on `state` stands while the machine runs; an ordered stop takes it away. One that stands at
the start means that the power went or the machine was reset. Where the board's watchdog remembers
that it was the one, that is told instead.
"""

import logging
from pathlib import Path

from edge.board.machine import Machine
from edge.service.ending import Ending, write_ending
from edge.whole_file import read_bounded, write_whole

WHO = "pole"
_MARK = "/state/running"
_LAST = "/run/vigie/last-life"
_WATCHDOG = "/sys/class/watchdog/watchdog0/bootstatus"
# WDIOF_CARDRESET of linux/watchdog.h.
_WAS_RESET = 0x20
# Where the eye looks for them; the rooms' units name the same folder.
_NOTES = "/var/lib/vigie/pole/spool"
_MAX_BYTES = 32

_log = logging.getLogger("vigie.board")


def begin_life(machine: Machine) -> Ending | None:
    """Note how the last life ended, and that this one runs; None: as it should. Raises OSError."""
    mark = machine.at(_MARK)
    ending = _find_ending(machine) if mark.exists() else None
    if ending is not None:
        _log.warning("last_life_ended reason=%s", ending.value)
        write_whole(machine.at(_LAST), ending.value.encode(), is_synced=False)
    write_whole(mark, b"")
    return ending


def pass_on_ending(machine: Machine) -> None:
    """Leave the note where the eye tells such things, once `data` is open."""
    last = machine.at(_LAST)
    try:
        word = read_bounded(last, _MAX_BYTES)
        if word is not None:
            write_ending(machine.at(_NOTES), WHO, Ending(word.decode()))
            last.unlink()
    except OSError as refused:
        # The past is not worth a pole that does not begin its work.
        _log.warning("last_life_not_told reason=%r", str(refused))


def _find_ending(machine: Machine) -> Ending:
    return Ending.NO_PROGRESS if _read_number(machine.at(_WATCHDOG)) & _WAS_RESET else Ending.KILLED


def _read_number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0  # a board whose watchdog remembers nothing
