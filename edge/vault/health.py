"""The vault's own health, in the spool: told once when the ring fails, once when it recovers."""

import hashlib

from edge.spool.outbox import Outbox
from edge.vault.fragment import GapReason
from edge.wire.event import Event, Phase
from edge.wire.names import FUNCTION_NUMBERS
from edge.wire.v1 import event_pb2

RULE = "health/storage/ring"
_VERSION_BYTES = 8


def ring_dictionary() -> event_pb2.Dictionary:
    """The one rule that the vault tells of. The number is left to the spool."""
    version = hashlib.sha256(RULE.encode()).digest()[:_VERSION_BYTES]
    rule = event_pb2.Rule(name=RULE, function=FUNCTION_NUMBERS["storage"], version=version)
    return event_pb2.Dictionary(rules=[rule])


class StorageWatch:
    """One incident as long as the ring is in trouble. Times come in as arguments."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._incident = 0
        self._told: GapReason | None = None
        self._since_ns = 0

    def look(self, trouble: GapReason | None, utc_ns: int, now_ns: int) -> None:
        """Tell what has changed. Raises StorageError: it is told the next time."""
        if trouble is self._told:
            return
        # The eye declares too, and the spool keeps a few dictionaries only: ours must be recent.
        self._outbox.declare(ring_dictionary())
        if self._told is not None:
            self._tell(event_pb2.PHASE_END, self._told, utc_ns, now_ns)
        self._told = trouble
        if trouble is not None:
            self._incident += 1
            self._since_ns = now_ns
            self._tell(event_pb2.PHASE_START, trouble, utc_ns, now_ns)

    def _tell(self, phase: Phase.ValueType, trouble: GapReason, utc_ns: int, now_ns: int) -> None:
        self._outbox.offer(
            [
                Event(
                    captured_utc_ms=max(0, utc_ns // 1_000_000),
                    rule=RULE,
                    phase=phase,
                    incident=self._incident,
                    duration_ms=(now_ns - self._since_ns) // 1_000_000,
                    reason=f"ring_{trouble.word}",
                )
            ]
        )
