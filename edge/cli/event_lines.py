"""A stored event as a line for a person and as an object for a machine."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edge.cli.told import Told, told_record
from edge.wire.names import class_name, function_name, phase_name

if TYPE_CHECKING:
    from edge.wire.v1.operator_pb2 import Review, StoredEvent

HEADINGS = ("number", "captured", "device", "camera", "rule", "function", "phase", "class",
            "seen", "review")  # fmt: skip
_VERDICTS = {1: "confirmed", 2: "rejected", 3: "unsure", 4: "withdrawn"}


def verdict_name(number: int) -> str:
    """`confirmed` for VERDICT_CONFIRMED; `unknown verdict 9` for a newer one; empty for none."""
    return _VERDICTS.get(number, f"unknown verdict {number}") if number else ""


def clock_text(utc_ms: int) -> str:
    """Local time with its zone, to the second: 2026-11-21 05:06:07+0100."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S%z")


def as_record(stored: "StoredEvent") -> dict[str, object]:
    """Everything that is known, under the wire's names; what is absent is left out."""
    record: dict[str, object] = {
        "number": stored.number,
        "device": stored.device,
        "epoch": f"{stored.epoch:016x}",
        "seq": stored.seq,
        "captured_utc_ms": stored.captured_utc_ms,
        "stored_utc_ms": stored.stored_utc_ms,
        "latency_ms": stored.stored_utc_ms - stored.captured_utc_ms,
        **told_record(Told(stored.event, stored.rule, stored.model)),
        "function": _function(stored),
        "size_bytes": stored.event.ByteSize(),
    }
    if stored.HasField("start_seq"):
        record["start_seq"] = stored.start_seq
    if stored.HasField("review"):
        record["review"] = review_record(stored.review)
    return record


def review_record(review: "Review") -> dict[str, object]:
    """One review, as an object."""
    return {
        "verdict": verdict_name(review.verdict),
        "note": review.note,
        "reviewer": review.reviewer,
        "reviewed_utc_ms": review.reviewed_utc_ms,
    }


def as_row(stored: "StoredEvent") -> tuple[str, ...]:
    """The cells under HEADINGS."""
    event, rule = stored.event, stored.rule
    return (
        str(stored.number),
        clock_text(stored.captured_utc_ms),
        stored.device,
        rule.camera,
        rule.name,
        _function(stored),
        phase_name(event.phase),
        class_name(event.object_class),
        f"{event.score_percent} %" if event.HasField("score_percent") else "",
        verdict_name(stored.review.verdict),
    )


def as_live_line(stored: "StoredEvent", now_utc_ms: int) -> str:
    """One event as it arrives: when, where, what, and how late it was stored and is told."""
    event, rule = stored.event, stored.rule
    stored_s = (stored.stored_utc_ms - stored.captured_utc_ms) / 1000
    told_s = (now_utc_ms - stored.captured_utc_ms) / 1000
    where = "/".join(part for part in (stored.device, rule.camera, rule.place) if part)
    return (
        f"{clock_text(stored.captured_utc_ms)}  #{stored.number:<6}  {where}  "
        f"{_function(stored)} {phase_name(event.phase)}  {class_name(event.object_class)}  "
        f"stored {stored_s:.1f} s, here {told_s:.1f} s after capture"
    )


def _function(stored: "StoredEvent") -> str:
    return function_name(stored.rule.function) if stored.HasField("rule") else "unknown rule"
