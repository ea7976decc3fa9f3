"""What the vault does once a second beside recording: mandates, health, what the link may tell."""

import logging
from contextlib import suppress
from pathlib import Path

from edge.clock import Clock
from edge.mandate.room import MandateRoom
from edge.spool.database import StorageError
from edge.spool.outbox import Outbox
from edge.vault.health import RingWatch
from edge.vault.recorder import Recorder
from edge.wire.ring_report import RingReport, write_ring_report

logger = logging.getLogger("vigie.vault")


class Duties:
    """Used by the vault's main thread."""

    def __init__(self, data: Path, room: MandateRoom, recorder: Recorder, clock: Clock) -> None:
        self._data = data
        self._room = room
        self._recorder = recorder
        self._clock = clock
        self._outbox: Outbox | None = None
        self._watch: RingWatch | None = None
        self._reported: RingReport | None = None

    def do(self) -> None:
        """One round."""
        self.follow_mandate()
        self._recorder.prove_clock(self._room.standing().clock)
        self._recorder.tick()
        self._tell_health()
        self._report()

    def follow_mandate(self) -> None:
        """Take what the link brought."""
        for news in self._room.poll():
            logger.info("mandate_%s problem=%s", news.kind.value, news.what)

    def close(self) -> None:
        """Write what waits to the spool; what it refuses is lost with this process."""
        if self._outbox is not None:
            with suppress(StorageError):
                self._outbox.close()

    def _tell_health(self) -> None:
        """A spool that cannot be opened stops no recording; it is tried again."""
        trouble, refused = self._recorder.trouble, self._recorder.refused
        try:
            if self._watch is None:
                if trouble is None and not refused:
                    return
                self._outbox = Outbox.open(self._data)
                self._watch = RingWatch(self._outbox)
            utc_ns, now_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
            self._watch.look(trouble, refused, utc_ns, now_ns)
        except StorageError as error:
            logger.warning("health_not_told problem=%s", error)

    def _report(self) -> None:
        known = self._recorder.snapshot
        report = RingReport(
            ring_bytes=known.ring_bytes,
            ring_quota_bytes=known.ring_quota_bytes,
            oldest_utc_ms=None if known.oldest_utc_ns is None else known.oldest_utc_ns // 1_000_000,
            newest_utc_ms=None if known.newest_utc_ns is None else known.newest_utc_ns // 1_000_000,
            gaps=known.gaps,
        )
        if report != self._reported and write_ring_report(self._data, report):
            self._reported = report
