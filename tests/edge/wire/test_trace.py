"""The trace: what goes in comes out within half a step, and never grows past its bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import VigieError
from edge.wire.event import MAX_TRACE_BYTES
from edge.wire.trace import STEPS_PER_FRAME, pack_trace, unpack_trace

FRACTION = st.floats(0.0, 1.0, allow_nan=False)
# A thing that crosses the whole frame in one step would need 128, one more than int8 holds.
SHORT_OF_ALL = st.floats(0.0, 0.98)
WAY = st.lists(st.tuples(FRACTION, FRACTION), min_size=1, max_size=200)


@given(WAY, st.integers(1, 100))
def test_a_trace_never_exceeds_its_bound_and_has_whole_steps(
    way: list[tuple[float, float]], steps: int
) -> None:
    trace = pack_trace(way, steps)
    assert len(trace) <= MAX_TRACE_BYTES
    assert len(trace) % 2 == 0
    assert len(trace) // 2 <= steps


@given(st.lists(st.tuples(SHORT_OF_ALL, SHORT_OF_ALL), min_size=2, max_size=9))
def test_every_point_comes_back_within_one_step(way: list[tuple[float, float]]) -> None:
    back = unpack_trace(pack_trace(way), way[0])
    assert len(back) == len(way)
    for (x_frac, y_frac), (back_x, back_y) in zip(way, back, strict=True):
        assert abs(x_frac - back_x) <= 1.0 / STEPS_PER_FRAME
        assert abs(y_frac - back_y) <= 1.0 / STEPS_PER_FRAME


def test_a_known_way_packs_to_known_bytes() -> None:
    way = [(0.5, 0.5), (0.25, 0.5), (0.25, 0.625), (0.0, 0.0)]
    assert pack_trace(way) == bytes([256 - 32, 0, 0, 16, 256 - 32, 256 - 80])


def test_a_long_way_keeps_its_first_and_last_point() -> None:
    way = [(index / 400, 0.5) for index in range(200)]
    back = unpack_trace(pack_trace(way, 4), way[0])
    assert len(back) == 5
    assert back[-1] == pytest.approx(way[-1], abs=1 / STEPS_PER_FRAME)


def test_one_point_is_no_way() -> None:
    assert pack_trace([(0.5, 0.5)]) == b""


def test_an_odd_trace_is_refused() -> None:
    with pytest.raises(VigieError, match="a trace has 3 bytes; it must have an even number"):
        unpack_trace(b"abc", (0.0, 0.0))
