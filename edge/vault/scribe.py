"""The writing half of a recorder: a queue bounded in bytes, and the one thread that empties it.

The thread writes, retries, makes room and ends days. When the disk cannot keep up the oldest
fragment in the queue is dropped, counted, and named in the gap of the one that follows.
"""

import logging
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace

from edge.clock import Clock
from edge.errors import Kind
from edge.mandate.clock_proof import ClockProof
from edge.mandate.gate import Permit
from edge.vault.disk import RingError
from edge.vault.fragment import Fragment, Gap, GapReason
from edge.vault.index import Index
from edge.vault.places import DAY_NS
from edge.vault.recovery import note_clean_end
from edge.vault.retention import Retention
from edge.vault.snapshot import Snapshot, take_snapshot
from edge.vault.writer import NotPermittedError, RingWriter

# A minute of four cameras at 2 Mbit/s; fits beside everything else in the vault's memory.
QUEUE_BYTES = 64 * 1024 * 1024
RETRY_S = 1.0
# A worn card may take long over one sync; what takes longer hangs.
_LONGEST_CALL_NS = 30_000_000_000
# A full queue takes a slow disk longer than whoever ends a vault waits (20 s).
_LONGEST_END_NS = 10_000_000_000
# A disk that has dropped nothing for so long keeps up again.
SLOW_FOR_NS = 60_000_000_000
_EXPIRE_EVERY_NS = 30_000_000_000
_REASONS: dict[Kind, GapReason] = {
    Kind.RESOURCE_EXHAUSTED: GapReason.DISK_FULL,
    Kind.FAILED_PRECONDITION: GapReason.DISK_READ_ONLY,
}
logger = logging.getLogger("vigie.vault")


@dataclass(frozen=True, slots=True)
class _Job:
    fragment: Fragment
    permit: Permit


@dataclass(frozen=True, slots=True)
class _Note:
    """To be noted in the index behind what stands before it in the queue."""

    camera: str
    gap: Gap


class Scribe:
    """Owns the writer, the index's writing connection and their thread."""

    def __init__(
        self,
        index: Index,
        writer: RingWriter,
        retention: Retention,
        clock: Clock,
        *,
        queue_bytes: int = QUEUE_BYTES,
        retry_s: float = RETRY_S,
    ) -> None:
        """Start the thread."""
        self._index = index
        self._writer = writer
        self._retention = retention
        self._clock = clock
        self._queue_bytes = queue_bytes
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._queue: deque[_Job | _Note] = deque()
        self._queued_bytes = 0
        self._lost: dict[str, Gap] = {}
        self._is_busy = False
        self._moved_ns = clock.monotonic_ns()
        self._is_closing = False
        self._end_by_ns: int | None = None
        self._sealed = self._dropped = 0
        self._trouble: GapReason | None = None
        self._slow_until_ns = clock.monotonic_ns()
        self._proven_utc_ns: int | None = None
        self._snapshot = Snapshot()
        self._expired_ns: int | None = None
        self._look_around()
        self._thread = threading.Thread(target=self._work, name="ring-writer", daemon=True)
        self._thread.start()

    @property
    def snapshot(self) -> Snapshot:
        """The newest state of the ring."""
        return self._snapshot

    @property
    def trouble(self) -> GapReason | None:
        """Why the disk takes not all that it is given; None: it does."""
        is_slow = self._clock.monotonic_ns() < self._slow_until_ns
        return self._trouble or (GapReason.DISK_SLOW if is_slow else None)

    @property
    def makes_progress(self) -> bool:
        """False while the writing thread is dead or hangs in one call to the disk."""
        is_late = self._clock.monotonic_ns() - self._moved_ns > _LONGEST_CALL_NS
        return self._thread.is_alive() and not (self._is_busy and is_late)

    def put(self, fragment: Fragment, permit: Permit) -> None:
        """Have a fragment written; never waits for the disk."""
        with self._changed:
            self._queue.append(_Job(fragment, permit))
            self._queued_bytes += len(fragment.samples)
            while self._queued_bytes > self._queue_bytes and len(self._queue) > 1:
                oldest = self._queue.popleft()
                if isinstance(oldest, _Job):
                    self._drop(oldest, self._trouble or GapReason.DISK_SLOW)
            self._changed.notify_all()

    def note(self, camera: str, gap: Gap) -> None:
        """Have a gap noted that begins behind what was put so far."""
        with self._changed:
            self._queue.append(_Note(camera, gap))
            self._changed.notify_all()

    def prove_clock(self, proof: ClockProof | None) -> None:
        """By this clock days end, until another proof comes; None: nothing is proven now."""
        if proof is not None:
            self._proven_utc_ns = proof.earliest_utc_ns

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is queued. False: it did not come to that in time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._queue or self._is_busy) or not self._thread.is_alive(), timeout_s
            )

    def close(self) -> None:
        """Write what waits and end. What the disk refuses now, or is too slow for, is named lost.

        Takes ten seconds at most, and the one call to the disk that is under way by then.
        """
        with self._changed:
            self._is_closing = True
            self._end_by_ns = self._clock.monotonic_ns() + _LONGEST_END_NS
            self._changed.notify_all()
        self._thread.join()
        self._writer.close()
        try:
            if self._trouble is None:
                note_clean_end(self._index)
        finally:
            self._index.close()

    def _drop(self, job: _Job, reason: GapReason) -> None:
        """Give up a fragment; the next one of its camera names it. Holds the lock."""
        fragment = job.fragment
        self._queued_bytes -= len(fragment.samples)
        self._dropped += 1
        if reason is GapReason.DISK_SLOW:
            self._slow_until_ns = self._clock.monotonic_ns() + SLOW_FOR_NS
        earlier = self._lost.get(fragment.camera) or fragment.gap
        lost_before = earlier.lost_fragments if earlier else 0
        self._lost[fragment.camera] = Gap(earlier.reason if earlier else reason, lost_before + 1)
        logger.error(
            "fragment_dropped camera=%s reason=%s first_utc_ns=%d",
            fragment.camera,
            reason.word,
            fragment.first_utc_ns,
        )

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: bool(self._queue) or self._is_closing,
                    _EXPIRE_EVERY_NS / 1e9,
                )
                job = self._next()
                if job is None and self._is_closing:
                    self._name_lost()
                    return
            if isinstance(job, _Job):
                self._write(job)
            elif job is not None:
                # The next fragment names the gap too, so a row that fails now is no loss.
                with suppress(RingError):
                    self._writer.open_gap(job.camera, job.gap)
            self._look_around()
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()

    def _next(self) -> _Job | _Note | None:
        """The oldest of the queue, with the gap that earlier losses left. Holds the lock."""
        if self._end_by_ns is not None and self._clock.monotonic_ns() > self._end_by_ns:
            self._give_up_jobs()
        if not self._queue:
            return None
        self._is_busy = True
        job = self._queue.popleft()
        if isinstance(job, _Note):
            lost = self._lost.get(job.camera)
            return replace(job, gap=lost) if lost is not None else job
        self._queued_bytes -= len(job.fragment.samples)
        lost = self._lost.pop(job.fragment.camera, None)
        if lost is not None:
            own = job.fragment.gap
            more = own.lost_fragments if own else 0
            gap = Gap(lost.reason, lost.lost_fragments + more)
            job = replace(job, fragment=replace(job.fragment, gap=gap))
        return job

    def _give_up_jobs(self) -> None:
        """Drop all that waits but notes. Holds the lock."""
        for job in [each for each in self._queue if isinstance(each, _Job)]:
            self._queue.remove(job)
            self._drop(job, self._trouble or GapReason.DISK_SLOW)

    def _write(self, job: _Job) -> None:
        """Until the disk takes it; when the end was asked for, once."""
        while True:
            self._moved_ns = self._clock.monotonic_ns()
            try:
                self._writer.write(job.fragment, job.permit)
            except RingError as error:
                if not self._try_again(job, error):
                    return
            else:
                self._sealed += 1
                trouble = self._writer.trouble
                self._tell(_REASONS.get(trouble.kind, GapReason.DISK_FAILING) if trouble else None)
                return

    def _try_again(self, job: _Job, error: RingError) -> bool:
        if isinstance(error, NotPermittedError):
            reason = GapReason.NO_PERMIT
        else:
            reason = _REASONS.get(error.kind, GapReason.DISK_FAILING)
            self._tell(reason, error)
        with self._changed:
            if reason is GapReason.NO_PERMIT or self._is_closing:
                self._queued_bytes += len(job.fragment.samples)
                self._drop(job, reason)
                return False
            self._changed.wait_for(lambda: self._is_closing, self._retry_s)
        return True

    def _tell(self, trouble: GapReason | None, error: RingError | None = None) -> None:
        if trouble is self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            logger.info("ring_writes_again")
        else:
            logger.error("ring_in_trouble reason=%s problem=%s", trouble.word, error)

    def _look_around(self) -> None:
        """End days, publish what there is. Trouble here is told and tried again."""
        now_ns = self._clock.monotonic_ns()
        try:
            is_due = self._expired_ns is None or now_ns - self._expired_ns >= _EXPIRE_EVERY_NS
            if is_due and self._proven_utc_ns is not None:
                # No mandate keeps less than a day, so nothing younger is removed below.
                self._writer.release_before(self._proven_utc_ns - DAY_NS)
                self._retention.expire(self._proven_utc_ns)
                self._retention.ensure_ballast()
                self._expired_ns = now_ns
            self._publish()
        except RingError as error:
            self._tell(_REASONS.get(error.kind, GapReason.DISK_FAILING), error)

    def _publish(self) -> None:
        counted = replace(
            self._snapshot, sealed_fragments=self._sealed, dropped_fragments=self._dropped
        )
        self._snapshot = take_snapshot(counted, self._index, self._retention)

    def _name_lost(self) -> None:
        """Leave an open gap for what no later fragment will name."""
        for camera, gap in self._lost.items():
            with suppress(RingError):
                self._writer.open_gap(camera, gap)
