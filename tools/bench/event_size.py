"""How many bytes an event takes on the wire, beside the same content as JSON and as XML.

One event: a thing where a rule looks, with class, box, score, track, duration and a trace of 0, 4
or 8 points. Ours is protobuf: in batches; alone, as it travels on an open stream, which is what
the goal is held against; and alone with device and epoch beside it. The peers are made here by
our own hand: tidy JSON with the same content and short names; a message in the shape in which
Frigate publishes events (the thing before and after the change, paths as lists); an XML in the
manner of ONVIF (a notification and the frame's metadata). The last two are approximations.
Deflated sizes are of 32 messages together, level 6, per event.

Usage: python -m tools.bench.event_size [--json]
"""

import argparse
import json
import platform
import random
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import google.protobuf

from edge.wire.codec import encode_event
from edge.wire.event import Box, Event, ObjectClass, Phase
from edge.wire.trace import unpack_trace
from edge.wire.v1 import event_pb2, operator_pb2, session_pb2

BASE_UTC_MS = 1_790_000_000_000
DEVICE = "quai-nord-07"
EPOCH = 0x9E3779B97F4A7C15
BATCH = 32
POINTS = (0, 4, 8)
CLASSES = (
    ObjectClass.OBJECT_CLASS_PERSON,
    ObjectClass.OBJECT_CLASS_BICYCLE,
    ObjectClass.OBJECT_CLASS_CAR,
    ObjectClass.OBJECT_CLASS_TRUCK,
)
# Gathered within the second that an event waits for others at most.
MOST_APART_MS = 60
RULES = ("bench", "quay", "yard-north", "gate", "stairs", "kiosk")
WORDS = {1: "person", 2: "bicycle", 4: "car", 6: "truck"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes an event, for one number of trace points."""

    points: int
    packed: float
    batch_of_32: float
    batch_of_256: float
    alone_on_the_stream: float
    alone_with_all_names: float
    tidy_json: float
    tidy_json_deflated: float
    frigate_json: float
    frigate_json_deflated: float
    onvif_xml: float
    onvif_xml_deflated: float


def events(count: int, points: int) -> list[Event]:
    """Events as a street makes them: numbers of their usual size, no two alike."""
    rng = random.Random(points)
    found: list[Event] = []
    captured_utc_ms = BASE_UTC_MS
    for _ in range(count):
        captured_utc_ms += rng.randint(1, MOST_APART_MS)
        left, top = rng.uniform(0, 0.9), rng.uniform(0, 0.8)
        steps = [(rng.randint(-9, 9), rng.randint(-9, 9)) for _ in range(points)]
        found.append(
            Event(
                captured_utc_ms=captured_utc_ms,
                rule=rng.choice(RULES),
                phase=Phase.PHASE_UPDATE,
                incident=1,
                object_class=rng.choice(CLASSES),
                box=Box(left, top, left + 0.05, top + 0.15),
                track=rng.randint(130, 900),
                score_percent=rng.randint(50, 99),
                duration_ms=rng.randint(2_000, 200_000),
                trace=b"".join(struct.pack("bb", *step) for step in steps),
            )
        )
    return found


def batch(found: Sequence[Event]) -> event_pb2.Batch:
    """The events as the link sends them."""
    return event_pb2.Batch(
        first_seq=100_000,
        captured_utc_ms=found[0].captured_utc_ms,
        dictionary=2,
        events=[
            encode_event(
                event, rule=RULES.index(event.rule) + 1, captured_utc_ms=found[0].captured_utc_ms
            )
            for event in found
        ],
    )


def alone(event: Event, seq: int) -> bytes:
    """One event as it travels at once: the stream's hello has said device and epoch."""
    single = batch([event])
    single.first_seq = seq
    return session_pb2.ConnectRequest(batch=single).SerializeToString()


def named(event: Event, seq: int) -> bytes:
    """One event with everything that names it: device, epoch, seq, time."""
    message = encode_event(
        event, rule=RULES.index(event.rule) + 1, captured_utc_ms=event.captured_utc_ms
    )
    return operator_pb2.StoredEvent(
        device=DEVICE,
        epoch=EPOCH,
        seq=seq,
        captured_utc_ms=event.captured_utc_ms,
        event=message,
    ).SerializeToString()


def packed(event: Event) -> bytes:
    """The same by hand, each field at its fixed size: the limit."""
    box = event.box or Box(0, 0, 0, 0)
    sides = [round(side * 65535) for side in box]
    head = struct.pack(
        "<HBBB4HHBIB",
        0,
        RULES.index(event.rule) + 1,
        event.phase,
        event.object_class,
        *sides,
        event.track or 0,
        event.score_percent or 0,
        event.duration_ms or 0,
        len(event.trace),
    )
    return head + event.trace


def points_of(event: Event) -> list[tuple[float, float]]:
    """The way as who reads JSON or XML wants it: where the thing was, in fractions of the frame."""
    left, _, right, bottom = event.box or Box(0, 0, 0, 0)
    return unpack_trace(event.trace, ((left + right) / 2, bottom))[1:]


def tidy_json(event: Event, seq: int) -> bytes:
    """The same content, no spaces, short names."""
    box = [round(side, 4) for side in event.box or ()]
    return _compact(
        {
            "device": DEVICE,
            "epoch": f"{EPOCH:016x}",
            "seq": seq,
            "time": event.captured_utc_ms,
            "rule": event.rule,
            "phase": "update",
            "class": WORDS[event.object_class],
            "box": box,
            "track": event.track,
            "score": event.score_percent,
            "duration_ms": event.duration_ms,
            "trace": [[round(x, 4), round(y, 4)] for x, y in points_of(event)],
        }
    )


def frigate_json(event: Event, seq: int) -> bytes:
    """The thing before and after the change, in pixels of 1080p, times in seconds."""
    left, top, right, bottom = (
        round(side * extent) for side, extent in zip(event.box or (), (1920, 1080) * 2, strict=True)
    )
    path = [[[round(x, 4), round(y, 4)], event.captured_utc_ms / 1000] for x, y in points_of(event)]
    thing = {
        "id": f"{event.captured_utc_ms / 1000}-{seq:06x}",
        "camera": "quai_nord",
        "frame_time": event.captured_utc_ms / 1000,
        "snapshot": {"frame_time": event.captured_utc_ms / 1000, "box": [left, top, right, bottom]},
        "label": WORDS[event.object_class],
        "sub_label": None,
        "top_score": (event.score_percent or 0) / 100,
        "false_positive": False,
        "start_time": (event.captured_utc_ms - (event.duration_ms or 0)) / 1000,
        "end_time": None,
        "score": (event.score_percent or 0) / 100,
        "box": [left, top, right, bottom],
        "area": (right - left) * (bottom - top),
        "ratio": 0.59,
        "region": [left - 100, top - 100, right + 100, bottom + 100],
        "stationary": False,
        "motionless_count": 0,
        "position_changes": 2,
        "current_zones": [event.rule],
        "entered_zones": [event.rule],
        "has_clip": False,
        "has_snapshot": False,
        "path_data": path,
    }
    return _compact({"before": thing, "after": thing, "type": "update"})


def onvif_xml(event: Event, seq: int) -> bytes:
    """A notification message and the frame's metadata."""
    stream = ET.Element("tt:MetadataStream", {"xmlns:tt": "http://www.onvif.org/ver10/schema"})
    when = "2026-09-21T14:13:20.000Z"
    holder = ET.SubElement(ET.SubElement(stream, "tt:Event"), "wsnt:NotificationMessage")
    topic = ET.SubElement(holder, "wsnt:Topic", {"Dialect": "ConcreteSet"})
    topic.text = "tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering"
    message = ET.SubElement(
        ET.SubElement(holder, "wsnt:Message"),
        "tt:Message",
        {"UtcTime": when, "PropertyOperation": "Changed"},
    )
    source = ET.SubElement(message, "tt:Source")
    for name, word in (("VideoSource", DEVICE), ("Rule", event.rule), ("Seq", str(seq))):
        ET.SubElement(source, "tt:SimpleItem", {"Name": name, "Value": word})
    key = ET.SubElement(message, "tt:Key")
    ET.SubElement(key, "tt:SimpleItem", {"Name": "ObjectId", "Value": str(event.track)})
    content = ET.SubElement(message, "tt:Data")
    for name, number in (("Duration", event.duration_ms), ("Score", event.score_percent)):
        ET.SubElement(content, "tt:SimpleItem", {"Name": name, "Value": str(number)})
    frame = ET.SubElement(ET.SubElement(stream, "tt:VideoAnalytics"), "tt:Frame", {"UtcTime": when})
    thing = ET.SubElement(frame, "tt:Object", {"ObjectId": str(event.track)})
    look = ET.SubElement(thing, "tt:Appearance")
    shape = ET.SubElement(look, "tt:Shape")
    sides = zip(("left", "top", "right", "bottom"), event.box or (), strict=True)
    ET.SubElement(shape, "tt:BoundingBox", {name: f"{side * 2 - 1:.4f}" for name, side in sides})
    kind = ET.SubElement(ET.SubElement(look, "tt:Class"), "tt:Type", {"Likelihood": "0.87"})
    kind.text = WORDS[event.object_class].capitalize()
    way = ET.SubElement(thing, "tt:Polyline")
    for x, y in points_of(event):
        ET.SubElement(way, "tt:Point", {"x": f"{x:.4f}", "y": f"{y:.4f}"})
    return ET.tostring(stream)


def _compact(record: dict[str, object]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


def deflated(messages: Sequence[bytes]) -> float:
    """Bytes an event when the messages are compressed together."""
    return len(zlib.compress(b"\n".join(messages), 6)) / len(messages)


def mean(messages: Sequence[bytes]) -> float:
    """Bytes a message."""
    return sum(map(len, messages)) / len(messages)


def measure(points: int) -> Sizes:
    """All forms of the same events."""
    found = events(256, points)
    some = found[:BATCH]
    forms = [
        [write(event, seq) for seq, event in enumerate(some, 100_000)]
        for write in (tidy_json, frigate_json, onvif_xml)
    ]
    return Sizes(
        points,
        mean([packed(event) for event in some]),
        batch(some).ByteSize() / BATCH,
        batch(found).ByteSize() / len(found),
        mean([alone(event, seq) for seq, event in enumerate(some, 100_000)]),
        mean([named(event, seq) for seq, event in enumerate(some, 100_000)]),
        *(size for form in forms for size in (mean(form), deflated(form))),
    )


def judge(sizes: Sizes) -> list[tuple[str, float, str, bool]]:
    """The goals, for a trace of four points."""
    ours = sizes.batch_of_32
    rows = [
        ("bytes in a batch of 32", ours, 40.0, False),
        ("bytes alone on the stream", sizes.alone_on_the_stream, 64.0, False),
        ("beside the fixed packing", ours / sizes.packed, 1.35, False),
        ("smaller than tidy JSON", sizes.tidy_json / ours, 6.0, True),
        ("smaller than the Frigate shape", sizes.frigate_json / ours, 30.0, True),
        ("smaller than the ONVIF shape", sizes.onvif_xml / ours, 30.0, True),
        ("smaller than tidy JSON deflated", sizes.tidy_json_deflated / ours, 1.6, True),
    ]
    return [
        (
            name,
            figure,
            f"{'>=' if is_least else '<='} {goal:g}",
            figure >= goal if is_least else figure <= goal,
        )
        for name, figure, goal, is_least in rows
    ]


def main() -> None:
    """Measure, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    table = [measure(points) for points in POINTS]
    goals = judge(table[1])
    names = Sizes.__dataclass_fields__
    if arguments.as_json:
        rows = [{name: getattr(sizes, name) for name in names} for sizes in table]
        keys = ("goal", "figure", "wanted", "met")
        print(
            json.dumps(
                {
                    "protobuf": google.protobuf.__version__,
                    "sizes": rows,
                    "goals": [dict(zip(keys, goal, strict=True)) for goal in goals],
                }
            )
        )
        return
    print(
        f"bytes an event; protobuf {google.protobuf.__version__}, Python "
        f"{platform.python_version()}; sizes are exact, there is no spread\n"
    )
    for name in names:
        cells = "".join(f"{getattr(sizes, name):10.1f}" for sizes in table)
        print(f"{name.replace('_', ' '):24}{cells}")
    print()
    for what, figure, wanted, is_met in goals:
        print(f"{'met ' if is_met else 'MISS'}  {what}: {figure:.2f} (goal {wanted})")


if __name__ == "__main__":
    main()
