"""The way that led to an event, as int8 steps of 1/128 of the frame, newest first.

The trace begins where the event's box stands: at the middle of its lower edge. Each step says
how to walk back from there. Rounding does not add up: a step is the difference of two rounded
offsets, so every point is within half a step of where it was.
"""

from array import array
from collections.abc import Sequence

from edge.errors import Kind, VigieError
from edge.wire.event import MAX_TRACE_BYTES

STEPS_PER_FRAME = 128
# A way of eight steps shows a turn and a stop, and keeps an event in a batch under 50 bytes.
DEFAULT_STEPS = 8
MAX_STEPS = MAX_TRACE_BYTES // 2
_LOWEST, _HIGHEST = -128, 127

PointFrac = tuple[float, float]


def pack_trace(points_frac: Sequence[PointFrac], steps: int = DEFAULT_STEPS) -> bytes:
    """At most `steps` steps through `points_frac`, newest first, evenly picked.

    points_frac: foot points in fractions of the frame; the first is the event's own.
    """
    picked = _pick_evenly(points_frac, min(steps, MAX_STEPS) + 1)
    if len(picked) < 2:
        return b""
    origin_x, origin_y = picked[0]
    packed = array("b")
    at_x = at_y = 0
    for x_frac, y_frac in picked[1:]:
        step_x = _step(x_frac - origin_x, at_x)
        step_y = _step(y_frac - origin_y, at_y)
        packed.extend((step_x, step_y))
        at_x += step_x
        at_y += step_y
    return packed.tobytes()


def unpack_trace(trace: bytes, foot_frac: PointFrac) -> list[PointFrac]:
    """Foot points in fractions of the frame, newest first, beginning with `foot_frac`.

    Raises VigieError(INVALID_ARGUMENT) for a trace of an odd or too large number of bytes.
    """
    if len(trace) % 2 or len(trace) > MAX_TRACE_BYTES:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"a trace has {len(trace)} bytes; it must have an even number, at most "
            f"{MAX_TRACE_BYTES}",
            hint="The sender packs traces differently: compare the software versions.",
        )
    steps = array("b", trace)
    points = [foot_frac]
    at_x = at_y = 0
    for step_x, step_y in zip(steps[::2], steps[1::2], strict=True):
        at_x += step_x
        at_y += step_y
        points.append(
            (foot_frac[0] + at_x / STEPS_PER_FRAME, foot_frac[1] + at_y / STEPS_PER_FRAME)
        )
    return points


def _pick_evenly(points_frac: Sequence[PointFrac], most: int) -> list[PointFrac]:
    if len(points_frac) <= most:
        return list(points_frac)
    last = len(points_frac) - 1
    return [points_frac[round(index * last / (most - 1))] for index in range(most)]


def _step(offset_frac: float, at: int) -> int:
    return max(_LOWEST, min(_HIGHEST, round(offset_frac * STEPS_PER_FRAME) - at))
