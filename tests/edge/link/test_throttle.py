"""The bucket: what goes up never goes faster than told, whatever the pattern."""

from hypothesis import given
from hypothesis import strategies as st

from edge.link.throttle import BURST_BYTES, TokenBucket

CHUNK = 32 * 1024


@given(
    bits_per_second=st.integers(8_000, 100_000_000),
    pauses_ms=st.lists(st.integers(0, 5_000), min_size=2, max_size=60),
)
def test_no_stretch_of_time_carries_more_than_the_rate_and_one_burst(
    bits_per_second: int, pauses_ms: list[int]
) -> None:
    bucket = TokenBucket(bits_per_second, 0)
    now_ns, sent = 0, []
    for pause_ms in pauses_ms:
        now_ns += pause_ms * 1_000_000
        now_ns += round(bucket.take(CHUNK, now_ns) * 1e9)
        sent.append(now_ns)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            seconds = (sent[last] - sent[first]) / 1e9
            carried = (last - first + 1) * CHUNK
            assert carried <= BURST_BYTES + CHUNK + seconds * bits_per_second / 8 + 1


def test_a_long_upload_goes_exactly_at_the_rate() -> None:
    bucket, now_ns = TokenBucket(2_000_000, 0), 0
    for _ in range(1_000):
        now_ns += round(bucket.take(CHUNK, now_ns) * 1e9)
    assert abs(now_ns / 1e9 - (1_000 * CHUNK - BURST_BYTES) / 250_000) < 0.001
