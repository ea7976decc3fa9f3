"""Events beside an upload on a narrow uplink: what they wait, and what the upload reaches.

A real link in a network namespace behind a modem of one deep queue (`tools/narrow_line.py`), the
real collector behind it, 60 ms round trip. In turns on each width: events alone, events beside a
sealed clip that goes up, events beside a plain TCP connection that sends all it can (what copying
the file would do). An event is timed from append to commit at the collector; events come at their
own times, whether the last one was stored or not. What the uplink bears is what the plain
connection reaches. A p99 of a turn is its largest but one in a hundred; all turns are pooled.

Usage (as root): python -m tools.bench.uplink [--rounds N] [--seconds S] [--kbit N ...] [--json]
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from collector.listeners import Address
from tests.collector.clips_stage import set_stage
from tests.collector.conftest import run_collector
from tools.narrow_line import CITY, CITY_ADDRESS, open_line, set_width
from tools.uplink_turn import ALONE, CLIP, PLAIN, OpenSpool, Side, Turn, percentile, put_pole

ROUND_TRIP_MS = 60
WIDTHS_KBIT = (256, 1_000, 10_000)


def main() -> None:
    """Wire the line, then measure from inside the city."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--kbit", type=int, nargs="*", default=WIDTHS_KBIT)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        found = asyncio.run(measure(asked))
        print(json.dumps(_as_record(found)) if asked.json else _table(found))
        return
    if os.geteuid() != 0:
        sys.exit("uplink: network namespaces need root; run it with sudo")
    with open_line(ROUND_TRIP_MS):
        command = [sys.executable, "-m", "tools.bench.uplink", *sys.argv[1:]]
        inside = ["ip", "netns", "exec", CITY, *command, "--inside"]
        sys.exit(subprocess.run(inside, check=False).returncode)


async def measure(asked: argparse.Namespace) -> dict[int, dict[str, Side]]:
    """All widths, on one collector, in turns."""
    found: dict[int, dict[str, Side]] = {}
    needed = sum(asked.kbit) * 125 * (asked.seconds + 10) * asked.rounds
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with run_collector(data / "city", sessions=Address(CITY_ADDRESS, 0)) as running:
            stage = await set_stage(running)
            await stage.desk.AskClip(stage.ask())
            sealed = stage.seal(await stage.pole.hear_command(), size_bytes=round(needed))
            stage.pole.stream.call.cancel()
            put_pole(data / "pole", stage, sealed)
            with contextlib.closing(OpenSpool(data / "pole")) as spool:
                turn = Turn(running, data / "pole", spool, sealed)
                for kbit in asked.kbit:
                    await asyncio.to_thread(set_width, kbit)
                    sides = found[kbit] = {name: Side() for name in (ALONE, CLIP, PLAIN)}
                    for _ in range(asked.rounds):
                        for name, side in sides.items():
                            await turn.run(name, side, asked.seconds)
                    print(_lines(kbit, sides), file=sys.stderr, flush=True)
    return found


# What is printed.


def _ratios(sides: dict[str, Side], name: str) -> list[float]:
    """p99 beside p99 alone, turn by turn."""
    return [
        percentile(turn, 0.99) / percentile(alone, 0.99)
        for turn, alone in zip(sides[name].turns, sides[ALONE].turns, strict=True)
    ]


def _lines(kbit: int, sides: dict[str, Side]) -> str:
    bears = statistics.median(sides[PLAIN].bits_per_second)
    lines = [
        f"uplink {kbit} kbit/s, {ROUND_TRIP_MS} ms: bears {bears / 1000:.0f} kbit/s of content"
    ]
    for name, side in sides.items():
        said = (
            f"  {name:10} p50 {side.percentile(0.5):6.0f} ms  p99 {side.percentile(0.99):6.0f} ms"
        )
        if name != ALONE:
            ratios = _ratios(sides, name)
            ratio = side.percentile(0.99) / sides[ALONE].percentile(0.99)
            said += f"  p99 {ratio:.2f}x alone (turns {min(ratios):.2f} to {max(ratios):.2f})"
        if name == CLIP:
            shares = [each / bears for each in side.bits_per_second]
            said += (
                f"  {statistics.median(shares):.0%} of what it bears"
                f" ({min(shares):.0%} to {max(shares):.0%})"
            )
        lines.append(f"{said}  n {sum(map(len, side.turns))}")
    return "\n".join(lines)


def _table(found: dict[int, dict[str, Side]]) -> str:
    goals = "goals: p99 beside a clip <= 2x alone, >= 70 % of what the uplink bears"
    return "\n".join([*(_lines(kbit, sides) for kbit, sides in found.items()), goals])


def _as_record(found: dict[int, dict[str, Side]]) -> dict[int, dict[str, object]]:
    return {
        kbit: {name: asdict(side) for name, side in sides.items()} for kbit, sides in found.items()
    }


if __name__ == "__main__":
    main()
