"""The one thread that writes: whatever has gathered goes into one transaction.

Two lanes lead in. A *job* is any function of the connection, in a savepoint of its own, so that
one refused job costs no other. A *delivery* is a device's batch; all that gathered become one
insert. Both are answered on the event loop, after the commit and never before.

When the medium fails (an I/O error, a failed sync) the thread ends and `ended` carries the
error: what the kernel holds can no longer be trusted, so the process must not go on.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from collector.checkpoints import CheckPoints
from collector.schema import BUSY_MS
from collector.store import Committed, Delivery
from edge.errors import Kind, VigieError

IDLE_SECONDS = 0.5  # between looks at the check-points' health while there is nothing to write

PASSING = (Kind.UNAVAILABLE, Kind.RESOURCE_EXHAUSTED)
"""A held file or a full disk: nothing was stored, and the same may be tried again later."""

T = TypeVar("T")
Answer = Callable[[Committed | VigieError], None]


class Intake(Protocol):
    """Turns deliveries into rows within the writer's transaction."""

    def store(
        self, connection: sqlite3.Connection, deliveries: Sequence[Delivery]
    ) -> list[Committed]:
        """Insert what is new; one result a delivery, in order."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of uncommitted writes; the transaction was rolled back."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    """A function of the connection, and who waits for what it comes to."""

    run: Callable[[sqlite3.Connection], None]
    succeed: Callable[[], None]
    fail: Callable[[VigieError], None]


@dataclass(slots=True)
class _Group:
    """What goes into one transaction."""

    jobs: list[_Job]
    deliveries: list[tuple[Delivery, Answer]]


class Writer:
    """Owns the writing connection and its thread. All its methods belong to the event loop.

    on_commit is called on the loop after each commit with all results of deliveries, their
    seconds in the transaction and the log's length in bytes at the last look. The connection and
    the check-points are closed by the thread when it ends.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        check_points: CheckPoints,
        intake: Intake,
        on_commit: Callable[[Sequence[Committed], float, int], None],
    ) -> None:
        self._connection = connection
        self._check_points = check_points
        self._intake = intake
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._gathering = threading.Condition()
        self._group = _Group([], [])
        self._is_closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.ended = self._loop.run_in_executor(self._thread, self._run)

    async def submit(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job in the next transaction; returns its result after the commit.

        Raises VigieError as the job does, or when the transaction cannot be committed.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        results: list[T] = []

        def succeed() -> None:
            if not answer.done():
                answer.set_result(results[0])

        def fail(error: VigieError) -> None:
            if not answer.done():
                answer.set_exception(error)

        self._put_job(_Job(lambda connection: results.append(job(connection)), succeed, fail))
        return await answer

    def deliver(self, delivery: Delivery, answer: Answer) -> None:
        """Store a batch in the next transaction; `answer` is called on the loop afterwards."""
        with self._gathering:
            self._refuse_when_closed()
            self._group.deliveries.append((delivery, answer))
            self._gathering.notify()

    async def close(self) -> None:
        """Write what has gathered, empty the WAL, close the file."""
        with self._gathering:
            self._is_closing = True
            self._gathering.notify()
        await asyncio.wait([self.ended])
        self._thread.shutdown(wait=True)

    def _put_job(self, job: _Job) -> None:
        with self._gathering:
            self._refuse_when_closed()
            self._group.jobs.append(job)
            self._gathering.notify()

    def _refuse_when_closed(self) -> None:
        if self._is_closing or self.ended.done():
            raise VigieError(
                Kind.UNAVAILABLE,
                "the collector is stopping and stores nothing more",
                hint="Try again when it is back.",
            )

    def _run(self) -> None:
        """The thread. Ends after close, or with the medium's error."""
        try:
            while (group := self._take()) is not None:
                if group.jobs or group.deliveries:
                    self._write(group)
                    self._check_points.note_commit()
                self._begin_log_anew()
        finally:
            self._check_points.close()
            self._connection.close()

    def _take(self) -> _Group | None:
        """What has gathered; an empty group after an idle moment; None when all is done."""
        with self._gathering:
            if not (self._group.jobs or self._group.deliveries or self._is_closing):
                self._gathering.wait(IDLE_SECONDS)
            group, self._group = self._group, _Group([], [])
            is_done = self._is_closing and not (group.jobs or group.deliveries)
            return None if is_done else group

    def _write(self, group: _Group) -> None:
        begun = time.perf_counter()
        outcomes: list[Callable[[], None]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(self._run_job(job) for job in group.jobs)
            deliveries = [delivery for delivery, _ in group.deliveries]
            stored = self._intake.store(self._connection, deliveries)
            self._connection.execute("COMMIT")
        except sqlite3.Error as broken:
            self._roll_back(group, broken)
            return
        spent_seconds = time.perf_counter() - begun
        self._loop.call_soon_threadsafe(self._answer, group, outcomes, stored, spent_seconds)

    def _run_job(self, job: _Job) -> Callable[[], None]:
        """Run one job in its savepoint; what to tell its owner once all is committed."""
        self._connection.execute("SAVEPOINT job")
        try:
            job.run(self._connection)
        except VigieError as refused:
            error = refused
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            return lambda: job.fail(error)
        self._connection.execute("RELEASE job")
        return job.succeed

    def _roll_back(self, group: _Group, broken: sqlite3.Error) -> None:
        """Nothing of the group was stored: say so to all, or end when the medium failed."""
        self._intake.forget()
        error = _storage_error(broken)
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._loop.call_soon_threadsafe(_fail_all, group, error)
        if error.kind is Kind.DATA_LOSS:
            raise error from broken

    def _answer(
        self,
        group: _Group,
        outcomes: Sequence[Callable[[], None]],
        stored: Sequence[Committed],
        spent_seconds: float,
    ) -> None:
        """On the loop, after the commit."""
        self._on_commit(stored, spent_seconds, self._check_points.log_bytes)
        for outcome in outcomes:
            outcome()
        for (_, answer), committed in zip(group.deliveries, stored, strict=True):
            answer(committed)

    def _begin_log_anew(self) -> None:
        """When it is long, and only if no reader is in it; else at a later look.

        Raises VigieError when the medium failed under a check-point.
        """
        try:
            if self._check_points.take_long_log():
                self._connection.execute("PRAGMA busy_timeout=0")
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)")
                self._connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        except sqlite3.Error as broken:
            error = _storage_error(broken)
            if error.kind is Kind.DATA_LOSS:
                raise error from broken


def _fail_all(group: _Group, error: VigieError) -> None:
    for job in group.jobs:
        job.fail(error)
    for _, answer in group.deliveries:
        answer(error)


def _storage_error(broken: sqlite3.Error) -> VigieError:
    """A full disk and a held file are waited out; any other failure means lost trust."""
    code = getattr(broken, "sqlite_errorcode", None)  # absent when the module itself raised
    if code == sqlite3.SQLITE_BUSY:
        return VigieError(
            Kind.UNAVAILABLE,
            "another program holds the collector's database",
            hint="Stop what reads or copies the file; use SQLite's own backup for copies.",
        )
    if code == sqlite3.SQLITE_FULL:
        return VigieError(
            Kind.RESOURCE_EXHAUSTED,
            "the collector's disk is full; nothing new is stored, and no ack is sent",
            hint="Free space where the collector's --data directory lives.",
        )
    return VigieError(
        Kind.DATA_LOSS,
        f"the collector's database cannot be written: {broken}",
        hint="Check the disk (dmesg), then start the collector again; devices keep their events.",
    )
