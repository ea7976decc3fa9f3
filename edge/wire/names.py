"""Enum numbers to the words people read, and back. Unknown numbers are shown, never dropped."""

from edge.wire.v1 import event_pb2

_FUNCTION_PREFIX = "FUNCTION_"
_CLASS_PREFIX = "OBJECT_CLASS_"

FUNCTION_NUMBERS: dict[str, event_pb2.Function.ValueType] = {
    name.removeprefix(_FUNCTION_PREFIX).lower(): number
    for name, number in event_pb2.Function.items()
    if number
}
CLASS_NUMBERS: dict[str, event_pb2.ObjectClass.ValueType] = {
    name.removeprefix(_CLASS_PREFIX).lower(): number
    for name, number in event_pb2.ObjectClass.items()
    if number
}
_FUNCTION_NAMES: dict[int, str] = {number: name for name, number in FUNCTION_NUMBERS.items()}
_CLASS_NAMES: dict[int, str] = {number: name for name, number in CLASS_NUMBERS.items()}
_PHASE_NAMES: dict[int, str] = {1: "start", 2: "update", 3: "end"}


def function_name(number: int) -> str:
    """`line_crossing` for FUNCTION_LINE_CROSSING; `unknown function 999` for a newer one.

    guarantees.md section 3, fact 19: enums are open, so a newer number arrives as a number.
    """
    return _FUNCTION_NAMES.get(number, f"unknown function {number}")


def class_name(number: int) -> str:
    """`person` for OBJECT_CLASS_PERSON; `thing` for unspecified; `unknown class 99` otherwise."""
    if not number:
        return "thing"
    return _CLASS_NAMES.get(number, f"unknown class {number}")


def phase_name(number: int) -> str:
    """`start`, `update` or `end`; `unknown phase 9` otherwise."""
    return _PHASE_NAMES.get(number, f"unknown phase {number}")
