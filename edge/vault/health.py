"""The vault's own health, in the spool: told once when something begins, once when it is over.

Two conditions: the disk does not take all fragments, and packets come that the mandate does not let
the vault keep. The eye sends none where it knows that; so this says that the two rooms disagree.
"""

import hashlib
import itertools
from dataclasses import dataclass

from edge.spool.outbox import Outbox
from edge.vault.fragment import GapReason
from edge.wire.event import Event, Phase
from edge.wire.names import FUNCTION_NUMBERS
from edge.wire.v1 import event_pb2

STORAGE_RULE, MANDATE_RULE = "health/storage/ring", "health/mandate/ring"
_FUNCTIONS = {STORAGE_RULE: "storage", MANDATE_RULE: "mandate"}
_VERSION_BYTES = 8
# At a start and where a window ends one room is sooner than the other; that is no news.
DISAGREEMENT_NS = 5_000_000_000


def ring_dictionary() -> event_pb2.Dictionary:
    """The rules that the vault tells of. The number is left to the spool."""
    rules = [
        event_pb2.Rule(
            name=name,
            function=FUNCTION_NUMBERS[function],
            version=hashlib.sha256(name.encode()).digest()[:_VERSION_BYTES],
        )
        for name, function in _FUNCTIONS.items()
    ]
    return event_pb2.Dictionary(rules=rules)


@dataclass(slots=True)
class _Condition:
    """One condition and what was told of it. reason: one word; empty: it does not hold."""

    rule: str
    least_ns: int = 0
    reason: str = ""
    since_ns: int = 0
    told: str = ""
    incident: int = 0


class RingWatch:
    """One incident as long as a condition holds. Times come in as arguments."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._numbers = itertools.count(1)
        self._storage = _Condition(STORAGE_RULE)
        self._mandate = _Condition(MANDATE_RULE, least_ns=DISAGREEMENT_NS)

    def look(self, trouble: GapReason | None, refused: str, utc_ns: int, now_ns: int) -> None:
        """Tell what has changed. Raises StorageError: it is told the next time.

        trouble: why the disk takes not all. refused: why packets that come are not kept.
        """
        word = f"ring_{trouble.word}" if trouble is not None else ""
        self._follow(self._storage, word, utc_ns, now_ns)
        self._follow(self._mandate, refused, utc_ns, now_ns)

    def _follow(self, condition: _Condition, reason: str, utc_ns: int, now_ns: int) -> None:
        if bool(reason) != bool(condition.reason):
            condition.since_ns = now_ns if reason else condition.since_ns
        condition.reason = reason
        is_told_later = reason and not condition.told
        if reason == condition.told or (
            is_told_later and now_ns - condition.since_ns < condition.least_ns
        ):
            return
        # The eye declares too, and the spool keeps a few dictionaries only: ours must be recent.
        self._outbox.declare(ring_dictionary())
        if condition.told:
            self._tell(event_pb2.PHASE_END, condition, utc_ns, now_ns)
        condition.told = reason
        if reason:
            condition.incident = next(self._numbers)
            self._tell(event_pb2.PHASE_START, condition, utc_ns, now_ns)

    def _tell(
        self, phase: Phase.ValueType, condition: _Condition, utc_ns: int, now_ns: int
    ) -> None:
        self._outbox.offer(
            [
                Event(
                    captured_utc_ms=max(0, utc_ns // 1_000_000),
                    rule=condition.rule,
                    phase=phase,
                    incident=condition.incident,
                    duration_ms=(now_ns - condition.since_ns) // 1_000_000,
                    reason=condition.told,
                )
            ]
        )
