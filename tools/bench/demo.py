"""How long a second `vigie demo` takes from its start to a pole that looks (goal: under 5 s).

Wall time, so the machine's other work counts; the bare interpreter's start is run beside it.
Usage: python -m tools.bench.demo [--models DIR] [--cache DIR] [--rounds N] [--json]
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

READY = "the pole looks at"


def main() -> None:
    """Warm up once, then take turns."""
    asked = _parse()
    _start_seconds(asked)
    rounds = [(_start_seconds(asked), _bare_seconds()) for _ in range(asked.rounds)]
    demo, bare = ([one[place] for one in rounds] for place in (0, 1))
    told = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "rounds": asked.rounds,
        "demo_ready_s": round(statistics.median(demo), 2),
        "demo_ready_range_s": [round(min(demo), 2), round(max(demo), 2)],
        "bare_interpreter_s": round(statistics.median(bare), 3),
        "goal_s": 5.0,
    }
    print(json.dumps(told) if asked.json else "\n".join(f"{k:<22} {v}" for k, v in told.items()))


def _start_seconds(asked: argparse.Namespace) -> float:
    words = [sys.executable, "-m", "edge.cli.main", "demo", "--seconds", "600"]
    words += ["--models", str(asked.models), "--cache", str(asked.cache), "--page", "127.0.0.1:0"]
    started = time.monotonic()
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as demo:
        lines: Iterable[str] = demo.stderr or ()
        ready = next((time.monotonic() - started for line in lines if READY in line), None)
        demo.terminate()
    if ready is None:
        sys.exit("the demo ended before its pole looked; run it by hand to see why")
    return ready


def _bare_seconds() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.monotonic() - started


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path(".cache/models"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/demo"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
