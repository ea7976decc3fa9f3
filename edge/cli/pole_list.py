"""A CSV file with a row for each pole: device, site, network, board."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.cli.named_files import read_file
from edge.errors import Kind, VigieError
from edge.wire.identifiers import is_device_name

COLUMNS = ("device", "site", "network", "board")
MAX_POLES = 1000
MAX_LIST_BYTES = 1_000_000
_NEEDED = COLUMNS[:2]


@dataclass(frozen=True, slots=True)
class Pole:
    """What is asked for one pole. site: path of its site file; network: as --network has it."""

    device: str
    site: Path
    network: str
    board: str


def read_poles(path: Path, board: str = "") -> tuple[Pole, ...]:
    """The poles of a list, in its order.

    board: where the column is empty or left out. Sites are found from the list's own folder.
    Raises VigieError with every problem and its line.
    """
    text = read_file(path, MAX_LIST_BYTES).decode("utf-8-sig", errors="replace")
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        headings, *found = [(rows.line_num, row) for row in rows if row] or [(0, [])]
    except csv.Error as error:
        raise _refused(path, [f"line {rows.line_num}: this is no CSV ({error})"]) from error
    problems = list(_heading_problems(headings[1]))
    poles: list[Pole] = []
    if not problems:
        poles = [_pole(dict(zip(headings[1], row, strict=False)), path, board) for _, row in found]
        problems = [
            problem
            for index, (line, row) in enumerate(found)
            for problem in _row_problems(line, len(row) - len(headings[1]), poles, index)
        ]
    if problems or not 0 < len(poles) <= MAX_POLES:
        raise _refused(path, problems or [f"it names {len(poles)} poles; 1 to {MAX_POLES} can be"])
    return tuple(poles)


def _heading_problems(headings: Sequence[str]) -> Iterator[str]:
    for name in _NEEDED:
        if name not in headings:
            yield f"line 1: there is no column {name}"
    for name in dict.fromkeys(headings):
        if name not in COLUMNS:
            yield f"line 1: {name!r} is no known column"
        if headings.count(name) > 1:
            yield f"line 1: the column {name} stands twice"


def _pole(cells: dict[str, str], path: Path, board: str) -> Pole:
    return Pole(
        device=cells.get("device", "").strip(),
        site=path.parent / cells.get("site", "").strip(),
        network=cells.get("network", "").strip() or "dhcp",
        board=cells.get("board", "").strip() or board,
    )


def _row_problems(line: int, more: int, poles: Sequence[Pole], index: int) -> Iterator[str]:
    pole = poles[index]
    if more:
        yield f"line {line}: it has {abs(more)} cells too {'many' if more > 0 else 'few'}"
    elif not is_device_name(pole.device):
        yield f"line {line}: {pole.device!r} cannot be a device's name"
    elif pole.device in [other.device for other in poles[:index]]:
        yield f"line {line}: {pole.device} stands above already"


def _refused(path: Path, problems: Sequence[str]) -> VigieError:
    return VigieError(
        Kind.INVALID_ARGUMENT,
        "\n  ".join(["the list of poles cannot be taken:", *problems]),
        where=str(path),
        hint="The first line names the columns: device,site,network,board",
    )
