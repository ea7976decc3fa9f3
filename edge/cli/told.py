"""An event with its rule and model as one JSON object: written by replays, read by explain.

The same names as in 'vigie events show --json'. What an object leaves out is left out of the
sentence too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from edge.errors import Kind, VigieError
from edge.wire.names import CLASS_NUMBERS, FUNCTION_NUMBERS, class_name, function_name, phase_name
from edge.wire.v1 import event_pb2

EXPLAINABLE = (
    "Give it one line of what 'vigie events show NUMBER --json' or 'vigie rules replay --json' "
    "prints."
)
_PHASES = {"start": 1, "update": 2, "end": 3}
_Counted = Literal["track", "score_percent", "duration_ms", "measured"]
_COUNTED: tuple[_Counted, ...] = get_args(_Counted)


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence needs."""

    event: event_pb2.Event
    rule: event_pb2.Rule
    model: str


def told_record(told: Told) -> dict[str, object]:
    """Everything that is known; what is absent is left out."""
    event, rule = told.event, told.rule
    record: dict[str, object] = {
        "rule": rule.name,
        "function": function_name(rule.function),
        "phase": phase_name(event.phase),
        "camera": rule.camera,
        "place": rule.place,
        "class": class_name(event.object_class),
        "model": told.model,
        "version": rule.version.hex(),
        "parameters": {each.name: each.text for each in rule.parameters},
    }
    record |= {name: getattr(event, name) for name in _COUNTED if event.HasField(name)}
    if event.trace:
        record["trace"] = event.trace.hex()
    if event.reason:
        record["reason"] = event.reason
    if event.HasField("gap"):
        gap = event.gap
        record["gap"] = {"first": gap.first_seq, "last": gap.last_seq, "missing": gap.missing}
    return record


def read_told(record: object, where: str | None = None) -> Told:
    """The event, rule and model of one object, read from `where`. Raises VigieError."""
    try:
        return _read(record)
    except VigieError as refused:
        raise VigieError(refused.kind, refused.what, where=where, hint=refused.hint) from refused


def _read(record: object) -> Told:
    if not isinstance(record, Mapping):
        raise _refused("this is no JSON object")
    function = _text(record, "function")
    if not function:
        raise _refused("this is no event: it has no function")
    if function not in FUNCTION_NUMBERS:
        raise _refused(f"function '{function}' is none that this vigie knows")
    phase = _text(record, "phase")
    if phase not in _PHASES:
        raise _refused(f"phase '{phase}' is none of start, update, end")
    parameters = record.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise _refused("parameters is no object of names and texts")
    rule = event_pb2.Rule(
        name=_text(record, "rule"),
        function=FUNCTION_NUMBERS[function],
        camera=_text(record, "camera"),
        place=_text(record, "place"),
        parameters=[
            event_pb2.Parameter(name=str(name), text=str(text)) for name, text in parameters.items()
        ],
        version=_octets(record, "version"),
    )
    event = event_pb2.Event(
        phase=event_pb2.Phase.ValueType(_PHASES[phase]),
        object_class=CLASS_NUMBERS.get(_text(record, "class"), event_pb2.OBJECT_CLASS_UNSPECIFIED),
        trace=_octets(record, "trace"),
        reason=_text(record, "reason"),
    )
    for name in _COUNTED:
        if record.get(name) is not None:
            setattr(event, name, _whole(record, name))
    gap = record.get("gap")
    if isinstance(gap, Mapping):
        event.gap.first_seq, event.gap.last_seq = _whole(gap, "first"), _whole(gap, "last")
        event.gap.missing = _whole(gap, "missing")
    return Told(event, rule, _text(record, "model"))


def _text(record: Mapping[object, object], name: str) -> str:
    text = record.get(name, "")
    if not isinstance(text, str):
        raise _refused(f"{name} is no text")
    return text


def _whole(record: Mapping[object, object], name: str) -> int:
    number = record.get(name)
    if not isinstance(number, int) or not -(2**31) <= number < 2**31:
        raise _refused(f"{name} is no whole number that an event can have")
    return number


def _octets(record: Mapping[object, object], name: str) -> bytes:
    try:
        return bytes.fromhex(_text(record, name))
    except ValueError as garbage:
        raise _refused(f"{name} is not in hexadecimal") from garbage


def _refused(what: str) -> VigieError:
    return VigieError(Kind.INVALID_ARGUMENT, what, hint=EXPLAINABLE)
