"""RAUC's custom boot loader backend: `backend get-primary|set-primary|get-state|set-state|…`.

RAUC starts this often and waits for it: the standard library only. Answers go to stdout, one word.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.service.image import read_image
from edge.update.boot import BootError, Event, Slot, get_next, is_good
from edge.update.pole_slots import open_slots
from edge.update.slots import Slots

_USAGE = (
    "usage: backend get-primary | get-current | set-primary SLOT | get-state SLOT | "
    "set-state SLOT good|bad"
)


def answer(slots: Slots, words: Sequence[str]) -> str:
    """Do what RAUC asks; what to print, empty for nothing. Raises BootError, OSError."""
    match words:
        case ["get-primary"]:
            return get_next(slots.read_record(), slots.read_primary()).value
        case ["get-current"]:
            return slots.booted.value
        case ["set-primary", name]:
            _set_primary(slots, _slot(name))
        case ["get-state", name]:
            return "good" if is_good(slots.read_record(), _slot(name)) else "bad"
        case ["set-state", name, ("good" | "bad") as state]:
            _set_state(slots, _slot(name), is_to_be_good=state == "good")
        case _:
            raise BootError(Kind.INVALID_ARGUMENT, _USAGE)
    return ""


def _set_primary(slots: Slots, slot: Slot) -> None:
    """The other slot is tried first; the one that is the primary already needs nothing."""
    if slot is not slots.read_primary():
        slots.apply(Event.INSTALL, slot)


def _set_state(slots: Slots, slot: Slot, *, is_to_be_good: bool) -> None:
    """Bad about the slot that does not run: it will be written. Good: `rauc status mark-good`."""
    if slot is not slots.booted:
        if not is_to_be_good:
            slots.apply(Event.SPOIL, slot)
    elif is_to_be_good:
        slots.apply(Event.PROVE, slot)
    else:
        slots.apply(Event.GIVE_UP, slot)


def _slot(name: str) -> Slot:
    if name not in {"A", "B"}:
        raise BootError(Kind.INVALID_ARGUMENT, f"'{name}' is no slot: A and B are")
    return Slot(name)


def main(words: Sequence[str], root: Path = Path("/")) -> int:
    """Answer once; the exit code."""
    try:
        image = read_image(root)
        if image is None:
            raise BootError(Kind.FAILED_PRECONDITION, "this machine runs no image: it has no slots")
        with open_slots(image, root) as slots:
            said = answer(slots, words)
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"vigie: {error.filename}: {error.strerror}\n")
        return 6
    if said:
        sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
