"""The control room hears of every opening: two events, from the spool, whatever the line does."""

import hashlib
from pathlib import Path

from edge.spool.outbox import Outbox
from edge.wire.event import Event
from edge.wire.names import FUNCTION_NUMBERS
from edge.wire.v1 import event_pb2

RULE = "health/local_page"
_VERSION_BYTES = 8


def tell_opening(
    data: Path, utc_ms: int, phase: event_pb2.Phase.ValueType, reason: str = ""
) -> None:
    """One event; it is on the disk when this returns. reason: one word. Raises VigieError."""
    rule = event_pb2.Rule(
        name=RULE,
        function=FUNCTION_NUMBERS["local_page"],
        version=hashlib.sha256(RULE.encode()).digest()[:_VERSION_BYTES],
    )
    outbox = Outbox.open(data)
    try:
        outbox.declare(event_pb2.Dictionary(rules=[rule]))
        outbox.append(
            [Event(captured_utc_ms=utc_ms, rule=RULE, phase=phase, incident=1, reason=reason)]
        )
    finally:
        outbox.close()
