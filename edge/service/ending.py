"""Why a room ended last time: a note left where the eye finds it, told once as an event.

`python -m edge.service.ending --folder DIR --room NAME` is the unit's ExecStopPost: systemd says
in its variables (systemd.exec(5), SERVICE_RESULT) how the room came to its end. `vigie edge run`
leaves the same note on a machine without systemd.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

from edge.whole_file import write_whole

_PREFIX = "ended-"


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


def note_of(folder: Path, room: str) -> Path:
    """Where a room's note stands."""
    return folder / f"{_PREFIX}{room}"


def write_ending(folder: Path, room: str, ending: Ending) -> None:
    """Leave the note, whole or not at all.

    Raises:
        OSError: the folder cannot be written.

    """
    write_whole(note_of(folder, room), f"{ending.value}\n".encode(), folder_mode=None)


def take_endings(folder: Path) -> list[str]:
    """Read all notes and remove them: `eye_killed`, `vault_out_of_memory`, in order of rooms."""
    endings = []
    for note in sorted(folder.glob(f"{_PREFIX}*")):
        try:
            word = note.read_text().strip()
            note.unlink()
            endings.append(f"{note.name.removeprefix(_PREFIX)}_{Ending(word).value}")
        except (OSError, ValueError):
            continue  # a note that nobody can read is no reason
    return endings


def main(arguments: Sequence[str] | None = None) -> int:
    """Leave a note if the unit did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the eye looks for notes")
    parser.add_argument("--room", required=True, help="which room ended")
    asked = parser.parse_args(arguments)
    ending = get_ending(os.environ)
    if ending is None:
        return 0
    try:
        write_ending(asked.folder, asked.room, ending)
    except OSError as error:
        note = note_of(asked.folder, asked.room)
        sys.stderr.write(f"vigie: {note}: not written: {error.strerror}\n")
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
