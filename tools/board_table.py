"""What a board is, and the table of what was measured on it (tools/bench/board.sh).

Usage: python -m tools.board_table facts | table FOLDER
FOLDER holds before.json and after.json, as `facts` printed them, and one record for each program
of tools/bench that ran.
"""

import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, TypeGuard

from edge.eye.readings import THROTTLED_FLAGS, read_hottest_celsius
from tools.bench import cameras, decode, gate

LIBRARIES = (
    "numpy", "opencv-python-headless", "av", "ai-edge-litert", "tflite-runtime", "lapx"
)  # fmt: skip
# What int8 and picture work run on, as /proc/cpuinfo names it; without them other paths are taken.
VECTOR_UNITS = (
    "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "neon", "sse4_1", "avx", "avx2",
    "avx512f", "avx512_vnni", "avx_vnni",
)  # fmt: skip
Json = Mapping[str, object]


class Row(NamedTuple):
    """One line. ratio: ours beside it; goal: the most that it may be; None: nothing promised."""

    what: str
    figure: str
    ratio: float | None = None
    goal: float | None = None


def main() -> None:
    """Facts as JSON, or the table as Markdown, on stdout."""
    match sys.argv[1:]:
        case ["facts"]:
            print(json.dumps(read_facts()))
        case ["table", folder]:
            print(make_table(Path(folder)))
        case _:
            sys.exit(__doc__)


def read_facts() -> dict[str, str]:
    """What the machine is and how it is doing."""
    cpuinfo = _read("/proc/cpuinfo")
    flags = set(re.split(r"\s+", " ".join(re.findall(r"(?:flags|Features)\s*: (.*)", cpuinfo)[:1])))
    units = [unit for unit in VECTOR_UNITS if unit in flags]
    name = re.search(r"(?:model name|Model)\s*: (.*)", cpuinfo)
    celsius = read_hottest_celsius(Path("/sys/class/thermal"))
    kb = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    facts = {
        "board": _read("/proc/device-tree/model") or (name[1] if name else "not told"),
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
        "vector units": " ".join(units) or "none of those that are looked for",
        "memory": f"{int(kb[1]) / 2**20:.1f} GiB" if kb else "not told",
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not told",
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "libraries": ", ".join(f"{each} {found}" for each, found in _versions()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "hottest sensor": "none" if celsius is None else f"{celsius:.0f} °C",
        "throttled": _read(str(THROTTLED_FLAGS)) or "not told",
    }
    return {name: text.strip("\0 \n") for name, text in facts.items()}


def make_table(folder: Path) -> str:
    """The section of docs/performance.md. Raises: OSError, ValueError for damaged records."""
    before, after = _record(folder / "before.json"), _record(folder / "after.json")
    lines = [f"## {before['board']}", "", "| | |", "| --- | --- |"]
    for name, text in before.items():
        now = after.get(name, text)
        if name != "board":
            lines.append(f"| {name} | {text if now == text else f'{text}; after it {now}'} |")
    lines += ["", "| what | figure | beside | goal | |", "| --- | --- | --: | --: | --- |"]
    for program, rows_of in PROGRAMS.items():
        path = folder / f"{program}.json"
        if path.exists():
            lines += [_line(row) for row in rows_of(_record(path))]
        else:
            lines.append(f"| {program} | not measured | | | |")
    return "\n".join(lines)


def _line(row: Row) -> str:
    beside = "" if row.ratio is None else f"{row.ratio:.2f}x"
    if row.goal is None:
        return f"| {row.what} | {row.figure} | {beside} | | |"
    assert row.ratio is not None
    verdict = "met" if row.ratio <= row.goal else f"missed by {row.ratio / row.goal - 1:.0%}"
    return f"| {row.what} | {row.figure} | {beside} | {row.goal:.2f}x | {verdict} |"


def _decode_rows(record: Json) -> Iterator[Row]:
    for film in _list(record, "films"):
        width_px, height_px = _number(film, "width_px"), _number(film, "height_px")
        found = {str(row["name"]): row for row in _list(film, "rows")}
        size = f"{width_px:.0f}x{height_px:.0f}"
        ours = found[decode.OURS]
        under = width_px * height_px < decode.ONE_MEGAPIXEL
        goals = decode.GOALS_UNDER_1_MP if under else decode.GOALS
        for name, row in found.items():
            ratio = _number(ours, "median_ms") / _number(row, "median_ms")
            yield Row(
                f"{size}, {name}",
                _spread(row, "median_ms", "least_ms", "most_ms", "ms"),
                None if row is ours else ratio,
                goals.get(name),
            )


def _gate_rows(record: Json) -> Iterator[Row]:
    goals = {"MOG2": gate.MOG2_GOAL, "tutorial": gate.TUTORIAL_GOAL}
    found = {str(row["side"]): row for row in _list(record, "rows")}
    ours = found["ours"]
    for name, row in found.items():
        ratio = _number(ours, "us_per_frame") / _number(row, "us_per_frame")
        yield Row(
            f"gate, {name}",
            _spread(row, "us_per_frame", "least", "most", "µs"),
            None if row is ours else ratio,
            goals.get(name),
        )


def _inference_rows(record: Json) -> Iterator[Row]:
    about = record["about"]
    assert _is_record(about)
    for row in _list(record, "rows"):
        yield Row(f"inference, {row['side']}", _spread(row, "cpu_ms", "least", "most", "ms"))
    for row in _list(record, "goals"):
        yield Row(f"inference, {row['ratio']}", "", _number(row, "figure"), _number(row, "goal"))
    yield Row("operators outside the delegate", str(about["outside_delegate"]))


def _eye_rows(record: Json) -> Iterator[Row]:
    for clip in _list(record, "clips"):
        for row in _list(clip, "rows"):
            figure = _spread(row, "ms_per_frame", "least", "most", "ms")
            yield Row(f"{clip['clip']}: {row['side']}", figure)
        for row in _list(clip, "ratios"):
            spread = f"{row['least']}x to {row['most']}x"
            goal = _number(row, "goal")
            yield Row(f"{clip['clip']}: {row['ratio']}", spread, _number(row, "figure"), goal)


def _camera_rows(record: Json) -> Iterator[Row]:
    rows = _list(record, "rows")
    for row in rows:
        many = f"{row['cameras']:.0f} camera{'s' if row['cameras'] != 1 else ''}"
        spent = _spread(row, "core_ms_a_second", "least", "most", "ms")
        yield Row(
            f"{many}, {cameras.ANALYSED_FPS:g} analysed a second",
            f"{spent} of a core a second each: {row['cameras_a_core']} cameras a core",
        )
        yield Row(
            f"{many}, memory, each page once",
            f"{row['resident_once_mb']} MB; resident sizes added up {row['resident_sum_mb']} MB",
            _number(row, "resident_once_mb") / cameras.ONE_GOAL_MB if row is rows[0] else None,
            1.0 if row is rows[0] else None,
        )
    further = record.get("further_mb")
    if _is_record(further):
        once_mb = _number(further, "resident_once_mb")
        yield Row(
            "each further camera, memory, each page once",
            f"{once_mb} MB; resident sizes added up {further['resident_sum_mb']} MB",
            once_mb / cameras.FURTHER_GOAL_MB,
            1.0,
        )
    usual = record.get("usual_parts")
    if _is_record(usual):
        yield Row(
            "a camera by the usual parts",
            f"{_spread(usual, 'core_ms_a_second', 'least', 'most', 'ms')} of a core a second; "
            f"{usual['resident_mb_a_camera']} MB",
        )


PROGRAMS: Mapping[str, Callable[[Json], Iterator[Row]]] = {
    "decode": _decode_rows,
    "gate": _gate_rows,
    "inference": _inference_rows,
    "eye": _eye_rows,
    "cameras": _camera_rows,
}


def _spread(row: Json, figure: str, least: str, most: str, unit: str) -> str:
    values = [_number(row, name) for name in (figure, least, most)]
    middle, low, high = (f"{value:.2f}" if value < 100 else f"{value:.0f}" for value in values)
    return f"{middle} {unit} ({low} to {high})"


def _record(path: Path) -> Json:
    """The last line: a library may have printed before it."""
    told: object = json.loads(path.read_text().strip().splitlines()[-1])
    if not _is_record(told):
        raise ValueError(f"{path} holds no record")
    return told


def _is_record(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _list(record: Json, name: str) -> list[Json]:
    found = record[name]
    if not isinstance(found, list):
        raise TypeError(f"{name} is no list")
    return [each for each in found if _is_record(each)]


def _number(record: Json, name: str) -> float:
    found = record[name]
    if not isinstance(found, int | float):
        raise TypeError(f"{name} is no number")
    return float(found)


def _system() -> str:
    named = re.search(r'PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release"))
    return named[1] if named else "not told"


def _versions() -> Iterator[tuple[str, str]]:
    for each in LIBRARIES:
        try:
            yield each, version(each)
        except PackageNotFoundError:
            continue


def _read(path: str) -> str:
    """A small file of the kernel's; empty where there is none."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    main()
