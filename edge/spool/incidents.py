"""Where each open incident began, so that its later events can say how far back that is."""

from collections import OrderedDict
from collections.abc import Iterable

from edge.wire.event import Event
from edge.wire.v1 import event_pb2

# Incidents open at once; beyond it the longest-open one's later events lose their way back.
MAX_OPEN_INCIDENTS = 4_096


class Incidents:
    """Seqs of the STARTs that are on disk; owned by the outbox's thread."""

    def __init__(self) -> None:
        self._starts: OrderedDict[int, int] = OrderedDict()

    def ways_back(self, events: Iterable[Event], first_seq: int) -> list[int | None]:
        """Seqs from each event to its START, if they stand from `first_seq` on; None: unknown."""
        here: dict[int, int] = {}
        ways: list[int | None] = []
        for seq, event in enumerate(events, first_seq):
            start_seq = None
            if event.phase == event_pb2.PHASE_START:
                here[event.incident] = seq
            else:
                start_seq = here.get(event.incident, self._starts.get(event.incident))
            ways.append(None if start_seq is None else seq - start_seq)
        return ways

    def remember(self, event: Event, seq: int) -> None:
        """An event is on disk under this seq."""
        if event.phase == event_pb2.PHASE_START:
            self._starts[event.incident] = seq
            if len(self._starts) > MAX_OPEN_INCIDENTS:
                self._starts.popitem(last=False)
        elif event.phase == event_pb2.PHASE_END:
            self._starts.pop(event.incident, None)
