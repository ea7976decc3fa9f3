"""What `vigie --help` costs beside a bare interpreter, and a command that talks gRPC.

CPU time (user and system) of whole processes, in turns, medians over rounds. The gRPC command is
`vigie device status` against a real collector on loopback; `import grpc` alone is its limit.

Usage: python -m tools.bench.cli [--rounds N] [--json]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tools.fleet import start_collector

HELP_GOAL_RATIO, HELP_GOAL_SECONDS, GRPC_GOAL_RATIO = 5.0, 0.5, 12.0
VIGIE = "from edge.cli.main import main; main()"
BARE = "bare interpreter"


class Cost(NamedTuple):
    """One process from start to end, seconds."""

    cpu: float
    wall: float


def main() -> None:
    """Measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, start_collector(Path(folder)):
        commands = _make_commands(Path(folder))
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for round_number in range(arguments.rounds + 1):
            for name, words in commands.items():
                cost = _run(words)
                if round_number:  # the first round warms the page cache and the bytecode
                    costs[name].append(cost)
    records = [_make_record(name, costs[name], costs[BARE]) for name in commands]
    if arguments.json:
        print(json.dumps({"versions": _describe(), "rows": records}))
    else:
        _print_table(records)


def _make_commands(data: Path) -> dict[str, list[str]]:
    return {
        BARE: [sys.executable, "-c", "pass"],
        "vigie --help": [sys.executable, "-c", VIGIE, "--help"],
        "vigie events --help": [sys.executable, "-c", VIGIE, "events", "--help"],
        "import click": [sys.executable, "-c", "import click"],
        "import grpc": [sys.executable, "-c", "import grpc"],
        "vigie device status": [
            *[sys.executable, "-c", VIGIE, "device", "status", "--json"],
            *["--data", str(data)],
        ],
    }


def _run(words: list[str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime
    return Cost(cpu - before.ru_utime - before.ru_stime, wall)


def _make_record(name: str, costs: list[Cost], bare: list[Cost]) -> dict[str, object]:
    cpu = [cost.cpu for cost in costs]
    return {
        "command": name,
        "cpu_ms": round(statistics.median(cpu) * 1000, 1),
        "cpu_ms_min": round(min(cpu) * 1000, 1),
        "cpu_ms_max": round(max(cpu) * 1000, 1),
        "wall_ms": round(statistics.median(cost.wall for cost in costs) * 1000, 1),
        "ratio": round(statistics.median(cpu) / statistics.median(cost.cpu for cost in bare), 2),
    }


def _describe() -> dict[str, str]:
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "python": platform.python_version(),
        "click": version("click"),
        "grpcio": version("grpcio"),
    }


def _print_table(records: list[dict[str, object]]) -> None:
    print(", ".join(f"{name} {text}" for name, text in _describe().items()))
    print("CPU of whole processes, in turns; median (min to max) of rounds")
    for record in records:
        print(
            f"  {record['command']:<22} {record['cpu_ms']:>7} ms CPU "
            f"({record['cpu_ms_min']} to {record['cpu_ms_max']})  {record['wall_ms']:>7} ms wall  "
            f"{record['ratio']:>6}x"
        )
    print(
        f"goals: --help at most {HELP_GOAL_RATIO:g}x and {HELP_GOAL_SECONDS:g} s, a gRPC command "
        f"at most {GRPC_GOAL_RATIO:g}x the bare interpreter"
    )


if __name__ == "__main__":
    main()
