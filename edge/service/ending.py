"""Why a room ended last time: a note left beside its state, told once by its next life.

`python -m edge.service.ending --data DIR` is the unit's ExecStopPost: systemd says in its
variables (systemd.exec(5), SERVICE_RESULT) how the room came to its end. `vigie edge run` leaves
the same note on a machine without systemd.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

FILE_NAME = "last-end"


class Ending(Enum):
    """How a room ended when nobody had asked it to. The values are the wire's reason words."""

    OUT_OF_MEMORY = "out_of_memory"
    NO_PROGRESS = "no_progress"
    KILLED = "killed"
    FAILED = "failed"


_RESULTS = {
    "oom-kill": Ending.OUT_OF_MEMORY,
    "watchdog": Ending.NO_PROGRESS,
    "signal": Ending.KILLED,
    "core-dump": Ending.KILLED,
    "exit-code": Ending.FAILED,
    "timeout": Ending.KILLED,
    "resources": Ending.FAILED,
    "protocol": Ending.FAILED,
}


def get_ending(environment: Mapping[str, str]) -> Ending | None:
    """What systemd's variables say; None: it ended as it should."""
    return _RESULTS.get(environment.get("SERVICE_RESULT", "success"))


def write_ending(folder: Path, ending: Ending) -> None:
    """Leave the note, whole or not at all.

    Raises:
        OSError: the folder cannot be written.

    """
    part = folder / f".{FILE_NAME}.part"
    part.write_text(ending.value + "\n")
    part.replace(folder / FILE_NAME)


def take_ending(folder: Path) -> Ending | None:
    """Read the note and remove it; None: there is none, or nobody can read it any more."""
    note = folder / FILE_NAME
    try:
        word = note.read_text().strip()
        note.unlink()
        return Ending(word)
    except (OSError, ValueError):
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Leave a note in the folder named by --data if the unit did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the room's own folder")
    asked = parser.parse_args(arguments)
    ending = get_ending(os.environ)
    if ending is None:
        return 0
    try:
        write_ending(asked.data, ending)
    except OSError as error:
        sys.stderr.write(f"vigie: {asked.data / FILE_NAME}: not written: {error.strerror}\n")
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
