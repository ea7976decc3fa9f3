"""The spool beside bare SQLite and beside a log written by hand, on the same events.

The variants append 60-byte events and are durable after every batch: ours (`Spool.append`),
bare SQLite (WAL, FULL, `executemany`, as many check-points), and a segment log (1 MiB
preallocated, length and CRC-32C, fdatasync). They run in turns; CPU is user + system time of
this process. Syncs and bytes are counted in a pass of their own, SQLite's by a VFS that it
writes through: bytes are the 4 KiB pages that were dirty at each sync, so what the disk is given
without the file system's own journal.

Usage: python -m tools.bench.spool [--rounds N] [--commits N] [--flips N] [--json]
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import apsw
import google_crc32c

from edge.spool.database import Cell, Database, SqliteDatabase
from edge.spool.spool import Packed, Spool

BODY = bytes(range(60))
BATCHES = (1, 32)
POLE_EVENTS_PER_COMMIT = 20
RING_BYTES_PER_SECOND = 4_000_000 / 8
SEGMENT_BYTES = 1024 * 1024
PAGE_BYTES = 4_096
FLIP_EVENTS = 1_280
VARIANTS = ("ours", "bare", "bare 1 KiB", "log")
# Bare SQLite has its own default, 4 KiB, and besides it the pages that ours has; check-points
# after about as many commits as ours.
SETTINGS = {
    "bare": ("PRAGMA wal_autocheckpoint = 200",),
    "bare 1 KiB": ("PRAGMA page_size = 1024", "PRAGMA wal_autocheckpoint = 400"),
}
DURABLE = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")


class Variant(Protocol):
    """Something that makes batches durable."""

    def append(self, size: int) -> None:
        """Return when `size` events are on disk."""
        ...

    def acknowledge(self) -> None:
        """Delete what was appended so far."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class Ours:
    """The spool."""

    def __init__(self, folder: Path, connect: Callable[[Path], Database]) -> None:
        self._spool = Spool(folder / "spool.db", connect=connect)
        self._last_seq = 0

    def append(self, size: int) -> None:
        """One batch row."""
        packed = Packed(1_790_000_000_000, 2, [BODY] * size)
        self._last_seq = self._spool.append(lambda _: packed)[-1]

    def acknowledge(self) -> None:
        """As the link does."""
        self._spool.acknowledge(self._last_seq)

    def close(self) -> None:
        """Let go of the files."""
        self._spool.close()


class Bare:
    """SQLite as a program would use it that only wants its rows on disk."""

    def __init__(
        self, folder: Path, connect: Callable[[Path], Database], settings: Sequence[str]
    ) -> None:
        self._many: sqlite3.Connection | None = None
        if connect is SqliteDatabase:
            self._many = sqlite3.connect(folder / "bare.db", isolation_level=None)
            self._run: Callable[..., object] = self._many.execute
        else:
            self._database = connect(folder / "bare.db")
            self._run = self._database.execute
        for setting in (*settings, *DURABLE):
            self._run(setting)
        self._run("CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        self._seq = 0

    def append(self, size: int) -> None:
        """One row an event."""
        rows = [(seq, BODY) for seq in range(self._seq + 1, self._seq + size + 1)]
        self._run("BEGIN IMMEDIATE")
        if self._many is not None:
            self._many.executemany("INSERT INTO event VALUES (?, ?)", rows)
        else:
            for row in rows:
                self._run("INSERT INTO event VALUES (?, ?)", row)
        self._run("COMMIT")
        self._seq += size

    def acknowledge(self) -> None:
        """Delete all rows so far."""
        self._run("DELETE FROM event WHERE seq <= ?", (self._seq,))

    def close(self) -> None:
        """Let go of the files."""
        (self._many or self._database).close()


class SegmentLog:
    """A preallocated file, a length and a CRC before each batch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self.syncs = self.written_bytes = 0
        self._open()

    def _open(self) -> None:
        self._number += 1
        path = self._folder / f"{self._number}.log"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.posix_fallocate(self._file, 0, SEGMENT_BYTES)
        os.fsync(self._file)
        self._offset = 0

    def append(self, size: int) -> None:
        """One record a batch, a new segment when one is full."""
        body = b"".join(struct.pack("<H", len(BODY)) + BODY for _ in range(size))
        record = struct.pack("<II", len(body), google_crc32c.value(body)) + body
        if self._offset + len(record) > SEGMENT_BYTES:
            os.close(self._file)
            self._open()
        os.pwrite(self._file, record, self._offset)
        os.fdatasync(self._file)
        self.syncs += 1
        self.written_bytes += len(pages(self._offset, len(record))) * PAGE_BYTES
        self._offset += len(record)

    def acknowledge(self) -> None:
        """Whole segments are removed; nothing is written for a batch."""

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._file)


def pages(offset: int, size: int) -> range:
    """Numbers of the pages that a write touches."""
    return range(offset // PAGE_BYTES, (offset + size - 1) // PAGE_BYTES + 1)


class Counter:
    """What SQLite asked of the file system."""

    def __init__(self) -> None:
        self.syncs = self.written_bytes = 0


class _CountedFile(apsw.VFSFile):
    def __init__(
        self, counter: Counter, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._counter = counter
        self._dirty: set[int] = set()
        super().__init__("", name, flags)

    def xWrite(self, content: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._dirty.update(pages(offset, len(content)))
        super().xWrite(content, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        self._counter.syncs += 1
        self._counter.written_bytes += len(self._dirty) * PAGE_BYTES
        self._dirty.clear()
        super().xSync(flags)


class CountingVfs(apsw.VFS):
    """The machine's own files, counted."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        super().__init__("counted", "")

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> _CountedFile:
        """A file that counts."""
        return _CountedFile(self._counter, name, flags)


class CountedDatabase:
    """The spool's port over the counting VFS."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path), vfs="counted")
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")

    def execute(self, statement: str, cells: Sequence[Cell] = ()) -> list[tuple[Cell, ...]]:
        """Run one statement."""
        return list(self._connection.execute(statement, tuple(cells)))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Measured:
    """One variant at one batch size, medians over the rounds.

    cpu_beside_bare: median of the ratios to bare SQLite in the same turn.
    """

    variant: str
    batch: int
    cpu_us_per_event: float
    cpu_us_spread: tuple[float, float]
    cpu_beside_bare: float
    events_per_second: float
    syncs_per_commit: float
    written_bytes_per_event: float


def make(variant: str, folder: Path, connect: Callable[[Path], Database]) -> Variant:
    """A variant with its files in a folder."""
    if variant == "log":
        return SegmentLog(folder)
    if variant == "ours":
        return Ours(folder, connect)
    return Bare(folder, connect, SETTINGS[variant])


def time_once(variant: str, batch: int, commits: int) -> tuple[float, float]:
    """CPU µs per event, and events per wall second."""
    with (
        tempfile.TemporaryDirectory(dir=".") as folder,
        closing(make(variant, Path(folder), SqliteDatabase)) as sink,
    ):
        sink.append(batch)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(commits):
            sink.append(batch)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / commits / batch * 1e6, commits * batch / wall


def count_once(
    variant: str, batch: int, commits: int, *, does_acknowledge: bool
) -> tuple[float, float]:
    """Syncs per commit and bytes written per event, check-points included."""
    counter = Counter()
    vfs = CountingVfs(counter)
    with (
        tempfile.TemporaryDirectory(dir=".") as folder,
        closing(make(variant, Path(folder), CountedDatabase)) as sink,
    ):
        sink.append(batch)
        source = sink if isinstance(sink, SegmentLog) else counter
        syncs, written = source.syncs, source.written_bytes
        for _ in range(commits):
            sink.append(batch)
            if does_acknowledge:
                sink.acknowledge()
        syncs, written = source.syncs - syncs, source.written_bytes - written
    vfs.unregister()
    return syncs / commits, written / commits / batch


def measure(rounds: int, commits: int) -> list[Measured]:
    """All variants at all batch sizes, in turns."""
    results = []
    for batch in BATCHES:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
        for _ in range(rounds):
            for variant, found in times.items():
                found.append(time_once(variant, batch, commits))
        for variant, found in times.items():
            cpu = sorted(each for each, _ in found)
            pairs = zip(found, times["bare"], strict=True)
            syncs, written = count_once(variant, batch, commits, does_acknowledge=False)
            results.append(
                Measured(
                    variant,
                    batch,
                    statistics.median(cpu),
                    (cpu[0], cpu[-1]),
                    statistics.median(mine[0] / bare[0] for mine, bare in pairs),
                    statistics.median(rate for _, rate in found),
                    syncs,
                    written,
                )
            )
    return results


def flip(flips: int) -> tuple[float, int, int]:
    """Mean and most events lost to one flipped bit in a clean file; flips that went unnoticed."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "spool.db"
        with Spool(path) as spool:
            for _ in range(FLIP_EVENTS // 32):
                spool.append(
                    lambda first: Packed(
                        1_790_000_000_000,
                        2,
                        [b"\x10\x01\x18\x01\x30" + _varint(first + place) for place in range(32)],
                    )
                )
        whole = path.read_bytes()
        rng = random.Random(1)
        lost, unnoticed = [], 0
        for _ in range(flips):
            for stale in Path(folder).iterdir():
                stale.unlink()
            damaged = bytearray(whole)
            damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
            path.write_bytes(damaged)
            read, named = _account(path)
            lost.append(FLIP_EVENTS - read)
            unnoticed += FLIP_EVENTS - read != named
    return statistics.mean(lost), max(lost), unnoticed


def _varint(number: int) -> bytes:
    return bytes([number & 127 | 128, number >> 7])


def _account(path: Path) -> tuple[int, int]:
    """Events that come out true, and events that gaps name."""
    read = named = seq = 0
    with Spool(path) as spool:
        while found := spool.read(seq):
            for pending in found:
                for at, event in enumerate(pending.batch.events, pending.batch.first_seq):
                    named += event.gap.missing
                    read += event.track == at
            seq = found[-1].last_seq
    return read, named


def judge(
    results: list[Measured], steady: dict[str, float], flips: tuple[float, int, int]
) -> list[tuple[str, float, str, bool]]:
    """The goals of docs/performance, each with its figure."""
    by = {(each.variant, each.batch): each for each in results}
    goals = []
    for batch in BATCHES:
        ours, bare, log = (by[name, batch] for name in ("ours", "bare", "log"))
        cpu = ours.cpu_beside_bare
        disk = ours.written_bytes_per_event / bare.written_bytes_per_event
        beside_log = ours.written_bytes_per_event / log.written_bytes_per_event
        goals += [
            (f"(a) CPU per event beside bare, batch {batch}", cpu, "<= 1.3", cpu <= 1.3),
            (
                f"(b) syncs per commit, batch {batch}",
                ours.syncs_per_commit,
                "<= 1.05",
                ours.syncs_per_commit <= 1.05,
            ),
            (f"(c) bytes beside bare, batch {batch}", disk, "<= 1.2", disk <= 1.2),
            (f"(c) bytes beside the log, batch {batch}", beside_log, "<= 2.5", beside_log <= 2.5),
        ]
    share = steady["ours"] * POLE_EVENTS_PER_COMMIT / RING_BYTES_PER_SECOND
    goals.append(("(d) bytes at 20 events/s beside the ring", share, "<= 0.04", share <= 0.04))
    is_good = flips[0] <= 2 and not flips[2]
    goals.append(("(e) mean events lost to a flip, all noticed", flips[0], "<= 2", is_good))
    return goals


def main() -> None:
    """Measure, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--commits", type=int, default=400)
    parser.add_argument("--flips", type=int, default=400)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    results = measure(arguments.rounds, arguments.commits)
    steady = {
        variant: count_once(
            variant, POLE_EVENTS_PER_COMMIT, arguments.commits, does_acknowledge=True
        )[1]
        for variant in ("ours", "bare")
    }
    flips = flip(arguments.flips)
    goals = judge(results, steady, flips)
    if arguments.as_json:
        record = {
            "machine": machine(),
            "variants": [asdict(each) for each in results],
            "steady_bytes_per_event": steady,
            "flips": {"count": arguments.flips, "mean": flips[0], "max": flips[1]},
            "goals": [
                dict(zip(("goal", "figure", "wanted", "met"), each, strict=True)) for each in goals
            ],
        }
        print(json.dumps(record))
        return
    print_text(arguments, results, steady, flips, goals)


def machine() -> str:
    """What the figures were measured on."""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} "
        f"(counted with {apsw.sqlite_lib_version()})"
    )


def print_text(
    arguments: argparse.Namespace,
    results: list[Measured],
    steady: dict[str, float],
    flips: tuple[float, int, int],
    goals: list[tuple[str, float, str, bool]],
) -> None:
    """The tables for a person."""
    print(machine())
    print(
        f"{arguments.rounds} rounds in turns of {arguments.commits} commits; median (range), "
        "ratios of CPU turn by turn\n"
    )
    print(
        f"{'variant':10} {'batch':>5} {'CPU us/event':>22} {'events/s':>10} "
        f"{'syncs/commit':>13} {'bytes/event':>12}"
    )
    for each in results:
        low, high = each.cpu_us_spread
        cpu = f"{each.cpu_us_per_event:.1f} ({low:.1f} to {high:.1f})"
        print(
            f"{each.variant:10} {each.batch:5} {cpu:>22} {each.events_per_second:10,.0f} "
            f"{each.syncs_per_commit:13.2f} {each.written_bytes_per_event:12,.0f}"
        )
    print(
        f"\nsteady state, 20 events a commit, each acknowledged: ours {steady['ours']:.0f}, "
        f"bare {steady['bare']:.0f} bytes/event"
    )
    print(
        f"{arguments.flips} flips in a clean file of {FLIP_EVENTS} events: "
        f"{flips[0]:.2f} lost on average, {flips[1]} at most, {flips[2]} unnoticed\n"
    )
    for name, figure, wanted, is_met in goals:
        print(f"{'met ' if is_met else 'MISS'}  {name}: {figure:.3f} (goal {wanted})")


if __name__ == "__main__":
    main()
