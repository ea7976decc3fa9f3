"""Events, devices and precision as the page's JSON: plain values, names instead of numbers."""

from collections.abc import Iterable, Sequence

from collector.precision import precision
from collector.store import DeviceRecord, ReviewRecord, VerdictCount
from edge.wire.codec import unpack_box
from edge.wire.names import class_name, function_name, phase_name
from edge.wire.sentences import explain
from edge.wire.trace import unpack_trace
from edge.wire.v1 import event_pb2, operator_pb2, session_pb2

Json = dict[str, object]

_HEALTH_FROM, _HEALTH_TO = event_pb2.FUNCTION_CAMERA_LOST, event_pb2.FUNCTION_MANDATE
_VERDICT_WORDS: dict[int, str] = {
    operator_pb2.VERDICT_CONFIRMED: "confirmed",
    operator_pb2.VERDICT_REJECTED: "rejected",
    operator_pb2.VERDICT_UNSURE: "unsure",
    operator_pb2.VERDICT_WITHDRAWN: "withdrawn",
}
VERDICTS: dict[str, operator_pb2.Verdict.ValueType] = {
    "confirmed": operator_pb2.VERDICT_CONFIRMED,
    "rejected": operator_pb2.VERDICT_REJECTED,
    "unsure": operator_pb2.VERDICT_UNSURE,
    "withdrawn": operator_pb2.VERDICT_WITHDRAWN,
}
_STATE_WORDS: dict[int, str] = {
    operator_pb2.DEVICE_STATE_INVITED: "invited",
    operator_pb2.DEVICE_STATE_ENROLLED: "enrolled",
    operator_pb2.DEVICE_STATE_REVOKED: "revoked",
}


def is_signal(stored: operator_pb2.StoredEvent) -> bool:
    """True for what an operator judges; health of a pole stands in the devices' view."""
    return not _HEALTH_FROM <= stored.rule.function <= _HEALTH_TO


def event_row(stored: operator_pb2.StoredEvent) -> Json:
    """One event as a line of the list; `incident` joins the events of one incident."""
    event, start_seq = stored.event, stored.start_seq
    known = stored.HasField("start_seq")
    return {
        "number": stored.number,
        "incident": f"{stored.device}/{stored.epoch:016x}/{start_seq if known else stored.seq}",
        "seq": stored.seq,
        "device": stored.device,
        "camera": stored.rule.camera,
        "function": function_name(stored.rule.function),
        "rule": stored.rule.name,
        "place": stored.rule.place,
        "thing": class_name(event.object_class),
        "phase": phase_name(event.phase),
        "captured_utc_ms": stored.captured_utc_ms,
        "stored_utc_ms": stored.stored_utc_ms,
        "clock_error_ms": stored.clock_error_ms if stored.HasField("clock_error_ms") else None,
        "score_percent": event.score_percent if event.HasField("score_percent") else None,
        "duration_ms": event.duration_ms if event.HasField("duration_ms") else None,
        "measured": event.measured if event.HasField("measured") else None,
        "review": _message_row(stored.review) if stored.HasField("review") else None,
        "is_bench": stored.mandate_profile == "bench",
    }


def event_detail(stored: operator_pb2.StoredEvent, lang: str) -> Json:
    """Why an event fired: the sentence, the rule as it was in force, the box and the way.

    Raises VigieError(INVALID_ARGUMENT) for a language without sentences.
    """
    return {
        **event_row(stored),
        "sentence": explain(stored.event, stored.rule, stored.model, lang),
        "model": stored.model,
        "rule_version": stored.rule.version.hex(),
        "parameters": [
            {"name": parameter.name, "text": parameter.text} for parameter in stored.rule.parameters
        ],
        "box_frac": _box(stored.event),
        "way_frac": _way(stored.event),
        "track": stored.event.track if stored.event.HasField("track") else None,
    }


def review_row(record: ReviewRecord) -> Json:
    """One review with who and when."""
    return {
        "verdict": _VERDICT_WORDS.get(record.verdict, f"unknown verdict {record.verdict}"),
        "note": record.note,
        "reviewer": record.reviewer,
        "reviewed_utc_ms": record.reviewed_utc_ms,
    }


def device_row(device: DeviceRecord, connected: frozenset[str]) -> Json:
    """A pole as it stands; what it has not said is null."""
    health = device.health
    return {
        "name": device.name,
        "state": _STATE_WORDS.get(device.state, f"unknown state {device.state}"),
        "is_connected": device.name in connected,
        "last_seen_utc_ms": device.last_seen_utc_ms,
        "stored_events": device.stored_events,
        "certificate_expires_utc_ms": device.certificate_expires_utc_ms,
        "software": device.software,
        "has_twin": device.has_twin,
        "health_utc_ms": device.health_utc_ms,
        "health": _health(health) if health is not None else None,
    }


def precision_rows(counts: Sequence[VerdictCount]) -> list[Json]:
    """How often each rule was right on each camera, with its Wilson interval."""
    return [_precision_row(count) for count in counts]


def _precision_row(count: VerdictCount) -> Json:
    share = precision(count.confirmed, count.rejected)
    return {
        "device": count.device,
        "camera": count.camera,
        "rule": count.rule,
        "function": function_name(count.function),
        "confirmed": count.confirmed,
        "rejected": count.rejected,
        "unsure": count.unsure,
        "share": None if share is None else share._asdict(),
    }


def _message_row(review: operator_pb2.Review) -> Json:
    return review_row(
        ReviewRecord(0, review.verdict, review.note, review.reviewer, review.reviewed_utc_ms)
    )


def _health(health: session_pb2.Status) -> Json:
    return {
        "uptime_ms": health.uptime_ms,
        "pending_events": health.pending_events,
        "spool_bytes": health.spool_bytes,
        "spool_quota_bytes": health.spool_quota_bytes,
        "temperature_c": health.temperature_c if health.HasField("temperature_c") else None,
        "disk_free_bytes": health.disk_free_bytes,
        "clock_error_ms": health.clock_error_ms if health.HasField("clock_error_ms") else None,
        "clock_source": health.clock_source,
        "mandate_version": health.mandate_version if health.HasField("mandate_version") else None,
        "mandate_reason": health.mandate_reason,
        "ring": _ring(health.ring) if health.HasField("ring") else None,
        "cameras": _cameras(health.cameras),
    }


def _ring(ring: session_pb2.RingStatus) -> Json:
    """What the vault holds; oldest and newest are null while the ring is empty."""
    return {
        "ring_bytes": ring.ring_bytes,
        "ring_quota_bytes": ring.ring_quota_bytes,
        "oldest_utc_ms": ring.oldest_utc_ms if ring.HasField("oldest_utc_ms") else None,
        "newest_utc_ms": ring.newest_utc_ms if ring.HasField("newest_utc_ms") else None,
        "gaps": ring.gaps,
    }


def _cameras(cameras: Iterable[session_pb2.CameraStatus]) -> list[Json]:
    return [
        {
            "camera": camera.camera,
            "is_open": camera.is_open,
            "frames_captured": camera.frames_captured,
            "frames_analysed": camera.frames_analysed,
            "frames_dropped": camera.frames_dropped,
            "video_bytes": camera.video_bytes,
            "cpu_ms": camera.cpu_ms,
        }
        for camera in cameras
    ]


def _box(event: event_pb2.Event) -> list[float] | None:
    """Left, top, right, bottom as fractions of the frame."""
    return list(unpack_box(event.box)) if event.HasField("box") else None


def _way(event: event_pb2.Event) -> list[list[float]]:
    """Foot points, newest first; empty when no way is known or nothing says where it ends."""
    box = _box(event)
    if box is None or not event.trace:
        return []
    foot = ((box[0] + box[2]) / 2, box[3])
    return [[x_frac, y_frac] for x_frac, y_frac in unpack_trace(event.trace, foot)]
