"""What a received message may look like: sizes stated in the .proto, ranges stated beside them.

`check` knows any message; `check_batch` and `check_dictionary` know what event.proto says in
words. All return problems as sentences and change nothing. Unknown enum numbers are no problem:
they come from a newer device and are stored and shown.
"""

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from edge.wire.event import MAX_TRACE_BYTES
from edge.wire.v1 import bounds_pb2, event_pb2

MAX_BATCH_EVENTS = 256
MAX_BATCH_BYTES = 64 * 1024
MAX_RULES = 512
# No bytes field outside the clip service may state more: no picture fits through it.
MAX_STATED_BYTES = 256
_SIZED_TYPES = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)


def max_bytes(field: FieldDescriptor) -> int:
    """The size a text or bytes field states in the .proto; 0 where it states none."""
    return int(field.GetOptions().Extensions[bounds_pb2.max_bytes])


def check(message: Message) -> list[str]:
    """Problems of size, in this message and all inside it; empty when it may be taken in."""
    return list(_oversized(message, message.DESCRIPTOR.name))


def check_batch(batch: event_pb2.Batch) -> list[str]:
    """Problems of a batch beyond sizes: seqs, phases, indices, traces, gaps."""
    problems = check(batch)
    if batch.first_seq < 1:
        problems.append("Batch.first_seq is 0; seqs count from 1")
    if batch.dictionary < 1:
        problems.append("Batch.dictionary is 0; dictionaries count from 1")
    if not 1 <= len(batch.events) <= MAX_BATCH_EVENTS:
        problems.append(f"Batch.events holds {len(batch.events)}, not 1 to {MAX_BATCH_EVENTS}")
    if batch.ByteSize() > MAX_BATCH_BYTES:
        problems.append(f"Batch is {batch.ByteSize()} bytes, over {MAX_BATCH_BYTES}")
    if batch.HasField("follows_seq") and batch.follows_seq >= batch.first_seq:
        problems.append(f"Batch.follows_seq {batch.follows_seq} is not before {batch.first_seq}")
    for place, event in enumerate(batch.events):
        where = f"Batch.events[{place}]"
        problems += [f"{where}.{trouble}" for trouble in _event_troubles(event)]
        problems += [f"{where}.{trouble}" for trouble in _place_troubles(batch, place)]
    return problems


def check_event(event: event_pb2.Event) -> list[str]:
    """Problems of one event that do not hang on its place in a batch."""
    return [*check(event), *(f"Event.{trouble}" for trouble in _event_troubles(event))]


def check_dictionary(dictionary: event_pb2.Dictionary) -> list[str]:
    """Problems of a dictionary beyond sizes: its number, its rules and their names."""
    problems = check(dictionary)
    if dictionary.number < 1:
        problems.append("Dictionary.number is 0; dictionaries count from 1")
    if not 1 <= len(dictionary.rules) <= MAX_RULES:
        problems.append(f"Dictionary.rules holds {len(dictionary.rules)}, not 1 to {MAX_RULES}")
    names = [rule.name for rule in dictionary.rules]
    if "" in names:
        problems.append("Dictionary.rules holds a rule without a name")
    if len(set(names)) < len(names):
        problems.append("Dictionary.rules names a rule twice")
    if any(not rule.function for rule in dictionary.rules):
        problems.append("Dictionary.rules holds a rule with FUNCTION_UNSPECIFIED")
    return problems


def _oversized(message: Message, where: str) -> Iterator[str]:
    for field, content in message.ListFields():
        place = f"{where}.{field.name}"
        items = content if field.is_repeated else (content,)
        for item in items:
            if field.message_type is not None:
                yield from _oversized(item, place)
            elif field.type in _SIZED_TYPES:
                size_bytes = len(item.encode() if isinstance(item, str) else item)
                if size_bytes > max_bytes(field):
                    yield f"{place} is {size_bytes} bytes, over {max_bytes(field)}"


def _event_troubles(event: event_pb2.Event) -> Iterator[str]:
    if event.rule < 1:
        yield "rule is 0; indices count from 1"
    if not event.phase:
        yield "phase is PHASE_UNSPECIFIED"
    if event.HasField("track") and event.track < 1:
        yield "track is 0; tracks count from 1"
    if event.score_percent > 100:
        yield f"score_percent is {event.score_percent}, over 100"
    if len(event.trace) % 2:
        yield f"trace is {len(event.trace)} bytes, not an even number up to {MAX_TRACE_BYTES}"
    if event.HasField("start_back") and event.phase == event_pb2.PHASE_START:
        yield "start_back is set on a START"
    if event.HasField("gap"):
        yield from _gap_troubles(event.gap)


def _gap_troubles(gap: event_pb2.Gap) -> Iterator[str]:
    if not 1 <= gap.first_seq <= gap.last_seq:
        yield f"gap runs from seq {gap.first_seq} to {gap.last_seq}"
    elif not 1 <= gap.missing <= gap.last_seq - gap.first_seq + 1:
        yield f"gap misses {gap.missing} events in seqs {gap.first_seq} to {gap.last_seq}"
    if not gap.reason:
        yield "gap.reason is GAP_REASON_UNSPECIFIED"


def _place_troubles(batch: event_pb2.Batch, place: int) -> Iterator[str]:
    event = batch.events[place]
    seq = batch.first_seq + place
    if event.HasField("start_back") and not 1 <= event.start_back < seq:
        yield f"start_back is {event.start_back} at seq {seq}"
