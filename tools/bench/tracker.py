"""The tracker beside ByteTrack of `trackers`, beside norfair, and beside the bare assignment.

Synthetic street: N things walk for 300 looks at 10 a second, 5 % of detections are missing and
15 % have a low score. All sides get the same detections, in turns; peers run in environments of
their own (requirements/peers.lock, norfair.lock) because of what they bring along. norfair gets
the first 60 looks only. CPU time; medians over rounds. Identity: how often a thing's number
changes, over the whole scene.

Usage: python -m tools.bench.tracker [--rounds N] [--json]
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import IO, NamedTuple, TypedDict

import lap
import numpy as np
import numpy.typing as npt

from edge.eye.association import assign, overlap
from edge.eye.detections import Detections
from edge.eye.tracker import Tracker

LOOKS, LOOKS_PER_SECOND = 300, 10.0
MISSES, LOW_SCORES = 0.05, 0.15
THINGS = (20, 100)
PEER_GOALS = {20: 6.0, 100: 10.0}
NORFAIR_GOAL, ASSIGNMENT_GOAL = 20.0, 5.0
REPOSITORY = Path(__file__).resolve().parents[2]
# Side: interpreter and program.
PEERS = {
    "trackers": (".venv-peers/bin/python", "tools.peers.bytetrack"),
    "norfair": (".venv-norfair/bin/python", "tools.peers.norfair_boxes"),
}
Array = npt.NDArray[np.float32]


class Outcome(NamedTuple):
    """One run of one side.

    changes: numbers beyond the first that things were given; None where not the whole scene was
    seen.
    """

    us_per_frame: float
    changes: int | None


class _Answer(TypedDict):
    us_per_frame: float
    given: list[list[tuple[int, float]]]


class Peer:
    """The other side, in its own process."""

    def __init__(self, python: Path, program: str, scenes: Path) -> None:
        self._process = subprocess.Popen(
            [python, "-m", program, scenes, str(LOOKS_PER_SECOND)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._read()

    def run(self, name: str) -> Outcome:
        """Run one scene."""
        _pipe(self._process.stdin).write(f"{name}\n")
        _pipe(self._process.stdin).flush()
        answer = self._read()
        given = answer["given"]
        return Outcome(answer["us_per_frame"], _changes(given) if len(given) == LOOKS else None)

    def close(self) -> None:
        """Let it end."""
        _pipe(self._process.stdin).close()
        self._process.wait()

    def _read(self) -> "_Answer":
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise SystemExit("a peer ended; make .cache/peers-environment")
        answer: _Answer = json.loads(line)
        return answer


def main() -> None:
    """Measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    scenes = {f"{things}": _scene(things) for things in THINGS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenes.npz"
        np.savez(file, **scenes)  # type: ignore[arg-type]
        peers = {
            side: Peer(REPOSITORY / python, program, file)
            for side, (python, program) in PEERS.items()
            if (REPOSITORY / python).exists()
        }
        outcomes: dict[tuple[str, str], list[Outcome]] = {}
        for _ in range(asked.rounds):
            for name, rows in scenes.items():
                outcomes.setdefault((name, "ours"), []).append(_ours(rows))
                outcomes.setdefault((name, "assignment"), []).append(_assignment(rows))
                for side, peer in peers.items():
                    outcomes.setdefault((name, side), []).append(peer.run(name))
        for peer in peers.values():
            peer.close()
    records = [_record(int(name), side, runs, outcomes) for (name, side), runs in outcomes.items()]
    _print(records, as_json=asked.json, absent=sorted(set(PEERS) - set(peers)))


def _scene(things: int) -> Array:
    """Rows of (frame, left, top, right, bottom, score, thing)."""
    rng = np.random.default_rng(things)
    places = rng.uniform(0.05, 0.9, (things, 2))
    speeds = rng.normal(0, 0.012, (things, 2))
    sizes = np.stack((rng.uniform(0.015, 0.03, things), rng.uniform(0.05, 0.09, things)), axis=1)
    rows = []
    for look in range(LOOKS):
        places += speeds / LOOKS_PER_SECOND * 3
        speeds = np.where((places < 0.02) | (places > 0.95), -speeds, speeds)
        corners = places + rng.normal(0, 0.02, (things, 2)) * sizes
        low = rng.random(things) < LOW_SCORES
        scores = np.where(low, rng.uniform(0.2, 0.4, things), rng.uniform(0.55, 0.95, things))
        seen = rng.random(things) >= MISSES
        columns = (np.full((things, 1), look), corners, corners + sizes, scores[:, None],
                   np.arange(things)[:, None])  # fmt: skip
        rows.append(np.concatenate(columns, axis=1)[seen])
    return np.concatenate(rows).astype(np.float32)


def _looks(rows: Array) -> list[Array]:
    return [rows[rows[:, 0] == look] for look in range(LOOKS)]


def _ours(rows: Array) -> Outcome:
    tracker, spent = Tracker(), 0.0
    given: list[list[tuple[int, float]]] = []
    for index, look in enumerate(_looks(rows)):
        found = Detections(look[:, 1:5].copy(), look[:, 5].copy(), np.ones(len(look), np.uint8))
        begun = time.process_time()
        tracks = tracker.update(found, round(index / LOOKS_PER_SECOND * 1e9))
        spent += time.process_time() - begun
        seen = np.flatnonzero(tracks.is_seen)
        # A track tells the score of its own detection: what lies beside it is not mistaken for it.
        cost = 1.0 - overlap(tracks.boxes_frac[seen], found.boxes_frac)
        cost[tracks.scores[seen, None] != found.scores] = 2.0
        rows_of, finds = assign(cost, 1.0)
        numbers = tracks.numbers[seen[rows_of]].tolist()
        given.append(list(zip(numbers, look[finds, 6].tolist(), strict=True)))
    return Outcome(spent / LOOKS * 1e6, _changes(given))


def _assignment(rows: Array) -> Outcome:
    """Only the solver, on as many things as the scene has."""
    looks = _looks(rows)
    costs = [
        (1.0 - overlap(before[:, 1:5], after[:, 1:5], enlarged=0.4)).astype(np.float64)
        for before, after in itertools.pairwise(looks)
    ]
    begun = time.process_time()
    for cost in costs:
        lap.lapjv(cost, cost_limit=0.85, return_cost=False)
    return Outcome((time.process_time() - begun) / len(costs) * 1e6, None)


def _changes(given: list[list[tuple[int, float]]]) -> int:
    numbers: dict[float, set[int]] = {}
    for look in given:
        for number, thing in look:
            numbers.setdefault(thing, set()).add(number)
    return sum(len(each) - 1 for each in numbers.values())


def _record(
    things: int, side: str, runs: list[Outcome], outcomes: dict[tuple[str, str], list[Outcome]]
) -> dict[str, object]:
    costs = [run.us_per_frame for run in runs]
    ours = statistics.median(run.us_per_frame for run in outcomes[str(things), "ours"])
    return {
        "things": things,
        "side": side,
        "us_per_frame": round(statistics.median(costs)),
        "least": round(min(costs)),
        "most": round(max(costs)),
        "times_ours": round(statistics.median(costs) / ours, 2),
        "changes": runs[0].changes,
    }


def _print(records: list[dict[str, object]], *, as_json: bool, absent: list[str]) -> None:
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "lapx": version("lapx"),
        "not installed": " ".join(absent) or "-",
    }
    if as_json:
        print(json.dumps({"about": about, "rows": records}))
        return
    print(", ".join(f"{name} {text}" for name, text in about.items()))
    print(f"goals: trackers >= {PEER_GOALS[20]:g}x at 20, >= {PEER_GOALS[100]:g}x at 100; "
          f"norfair >= {NORFAIR_GOAL:g}x; ours <= {ASSIGNMENT_GOAL:g} assignments")  # fmt: skip
    headings = ("us/frame", "least", "most", "x ours")
    print(f"{'things':>6}  {'side':<11}{''.join(f'{each:>9}' for each in headings)}{'changes':>9}")
    for row in records:
        print(f"{row['things']:>6}  {row['side']:<11}{row['us_per_frame']:>9}{row['least']:>9}"
              f"{row['most']:>9}{row['times_ours']:>9}{_or_dash(row['changes']):>9}")  # fmt: skip


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


if __name__ == "__main__":
    main()
