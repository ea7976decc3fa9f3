"""Between the packets and the ring: gather here, have it written there, lose nothing unnamed.

Everything here runs on the thread that reads the sockets and never waits for the disk; `scribe.py`
writes on a thread of its own.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge.clock import Clock
from edge.mandate.clock_proof import ClockProof
from edge.mandate.gate import NO_FACTS, Facts, Permit
from edge.mandate.statement import EVERYWHERE
from edge.vault.disk import Disk
from edge.vault.fragment import Fragment, GapReason
from edge.vault.gathering import Context, Gatherer
from edge.vault.keys import DayKeys
from edge.vault.places import VaultPlaces
from edge.vault.recovery import Recovered, recover
from edge.vault.retention import Retention
from edge.vault.scribe import QUEUE_BYTES, RETRY_S, Scribe
from edge.vault.snapshot import Snapshot
from edge.vault.writer import RingWriter
from edge.wire.packets import StreamHello, StreamPacket

# A camera that is silent for so long has what was gathered written.
_SILENT_NS = 2_500_000_000
logger = logging.getLogger("vigie.vault")
AskPermit = Callable[[str, Facts], Permit]


@dataclass(slots=True)
class _Camera:
    """One camera's side of the reading thread.

    facts: the rules that its stream says it was made under. permit: the last under which it was
    recorded. refused: why its stream is not; refused_ns: when a packet last was not.
    """

    gatherer: Gatherer
    facts: Facts = NO_FACTS
    permit: Permit | None = None
    refused: str = ""
    refused_ns: int | None = None
    taken_ns: int = 0


class Recorder:
    """Owns the scribe; `permit` is asked for every packet, with what its stream was made under."""

    def __init__(
        self,
        recovered: Recovered,
        writer: RingWriter,
        scribe: Scribe,
        permit: AskPermit,
        clock: Clock,
    ) -> None:
        """The writer is the scribe's; only its tails are looked at here."""
        self._recovered = recovered
        self._writer = writer
        self._scribe = scribe
        self._permit = permit
        self._clock = clock
        self._cameras: dict[str, _Camera] = {}

    @property
    def snapshot(self) -> Snapshot:
        """The newest state of the ring."""
        return self._scribe.snapshot

    @property
    def trouble(self) -> GapReason | None:
        """Why the disk takes not all that it is given; None: it does."""
        return self._scribe.trouble

    @property
    def makes_progress(self) -> bool:
        """False while the writing thread is dead or hangs in one call to the disk."""
        return self._scribe.makes_progress

    @property
    def refused(self) -> str:
        """Why packets that still come are not recorded, one word; empty: none was refused."""
        now_ns = self._clock.monotonic_ns()
        for camera in self._cameras.values():
            if camera.refused_ns is not None and now_ns - camera.refused_ns <= _SILENT_NS:
                return camera.refused
        return ""

    def begin(self, hello: StreamHello) -> None:
        """A camera's stream begins. Raises UnitError for parameter sets that cannot be read."""
        camera = self._camera(hello.camera)
        done: list[Fragment] = []
        try:
            done = camera.gatherer.begin(hello)
        finally:
            self._enqueue(done, camera)
        rules = hello.rules
        camera.facts = Facts({hello.camera: rules.camera_sha256, EVERYWHERE: rules.site_sha256})
        permit = self._permit(hello.camera, camera.facts)
        if not permit.may_record:
            self._refuse(hello.camera, camera, permit)

    def take(self, name: str, packet: StreamPacket) -> None:
        """One packet of a camera that has begun."""
        camera = self._camera(name)
        permit = self._permit(name, camera.facts)
        self.prove_clock(permit.clock)
        if not permit.may_record:
            camera.refused_ns = self._clock.monotonic_ns()
            self._refuse(name, camera, permit)
            return
        if camera.permit is not None and permit.version != camera.permit.version:
            self._enqueue(camera.gatherer.flush(), camera)
        if camera.refused:
            logger.info("recording_begun camera=%s mandate_version=%d", name, permit.version)
        camera.permit, camera.refused, camera.refused_ns = permit, "", None
        camera.taken_ns = self._clock.monotonic_ns()
        source, error_ms = "", None
        if permit.clock is not None:
            source, error_ms = permit.clock.source, permit.clock.error_ms
        context = Context(self._clock.utc_ns(), source, error_ms)
        self._enqueue(camera.gatherer.take(packet, context), camera)

    def prove_clock(self, proof: ClockProof | None) -> None:
        """By this clock days end, until another proof comes; None: nothing is proven now."""
        self._scribe.prove_clock(proof)

    def end(self, name: str) -> None:
        """A camera's connection is over."""
        camera = self._cameras.get(name)
        if camera is not None:
            self._enqueue(camera.gatherer.flush(), camera)
            # Who sends knows the mandate too, and sends nothing where nothing may be recorded.
            may_record = self._permit(name, camera.facts).may_record
            reason = GapReason.CAMERA_SILENT if may_record else GapReason.NO_PERMIT
            self._miss(name, camera, reason)

    def tick(self) -> None:
        """Write what silent cameras left; to be called about once a second."""
        now_ns = self._clock.monotonic_ns()
        for name, camera in self._cameras.items():
            if camera.gatherer.is_gathering and now_ns - camera.taken_ns > _SILENT_NS:
                self.end(name)

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is queued. False: it did not come to that in time."""
        return self._scribe.settle(timeout_s)

    def close(self) -> None:
        """Write what is gathered and end. What the disk refuses now is named as lost."""
        for name, camera in self._cameras.items():
            self._enqueue(camera.gatherer.flush(), camera)
            self._miss(name, camera, GapReason.STOPPED)
        self._scribe.close()

    def _camera(self, name: str) -> _Camera:
        camera = self._cameras.get(name)
        if camera is None:
            tail_ns = self._writer.tail(name).last_utc_ns
            gatherer = Gatherer(name, tail_ns, self._recovered.gaps.get(name))
            camera = self._cameras[name] = _Camera(gatherer)
        return camera

    def _refuse(self, name: str, camera: _Camera, permit: Permit) -> None:
        """Nothing may be recorded: write what was gathered while it was, and say why once."""
        reason = permit.reason.value if permit.reason else "not_named"
        self._enqueue(camera.gatherer.flush(), camera)
        self._miss(name, camera, GapReason.NO_PERMIT)
        if camera.refused != reason:
            logger.warning("recording_refused camera=%s reason=%s", name, reason)
            camera.refused = reason

    def _miss(self, name: str, camera: _Camera, reason: GapReason) -> None:
        """Nothing follows for now: name the gap that begins, unless it lasts already."""
        before = camera.gatherer.gap
        camera.gatherer.miss(reason)
        gap = camera.gatherer.gap
        if gap is not None and gap != before:
            self._scribe.note(name, gap)

    def _enqueue(self, fragments: Iterable[Fragment], camera: _Camera) -> None:
        for fragment in fragments:
            if camera.permit is not None:
                self._scribe.put(fragment, camera.permit)


def open_recorder(
    places: VaultPlaces,
    permit: AskPermit,
    *,
    clock: Clock,
    disk: Disk,
    quota_bytes: int,
    queue_bytes: int = QUEUE_BYTES,
    retry_s: float = RETRY_S,
) -> Recorder:
    """Recover the ring and begin to write. Raises RingError."""
    recovered = recover(places, disk, clock.utc_ns())
    retention = Retention(places, recovered.index, DayKeys(places), disk, quota_bytes)
    writer = RingWriter(
        places,
        recovered.index,
        disk,
        retention,
        directory_id=recovered.directory_id,
        tails=recovered.tails,
    )
    scribe = Scribe(
        recovered.index, writer, retention, clock, queue_bytes=queue_bytes, retry_s=retry_s
    )
    return Recorder(recovered, writer, scribe, permit, clock)
