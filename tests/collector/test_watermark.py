"""Which seqs are accounted for, whatever the wire does to the batches."""

from hypothesis import given
from hypothesis import strategies as st

from collector.watermark import Span, Watermark


def test_a_batch_that_follows_moves_the_watermark() -> None:
    watermark = Watermark(4)
    assert watermark.offer(Span(5, 9)).fresh == (Span(5, 9),)
    assert watermark.stored_seq == 9


def test_a_repeat_is_known_and_moves_nothing() -> None:
    watermark = Watermark(9)
    offer = watermark.offer(Span(5, 9))
    assert (offer.fresh, offer.known) == ((), (Span(5, 9),))
    assert watermark.stored_seq == 9


def test_a_batch_half_known_is_told_apart() -> None:
    offer = Watermark(6).offer(Span(5, 9))
    assert (offer.fresh, offer.known) == ((Span(7, 9),), (Span(5, 6),))


def test_a_hole_holds_the_watermark_until_it_is_filled() -> None:
    watermark = Watermark()
    watermark.offer(Span(4, 6))
    assert (watermark.stored_seq, watermark.beyond) == (0, (Span(4, 6),))
    watermark.offer(Span(1, 3))
    assert (watermark.stored_seq, watermark.beyond) == (6, ())


def test_a_hole_that_the_pole_says_is_gone_is_passed_over() -> None:
    watermark = Watermark(3)
    assert watermark.offer(Span(10, 12), follows_seq=3).fresh == (Span(10, 12),)
    assert watermark.stored_seq == 12


def test_a_hole_is_passed_over_only_from_what_the_batch_follows() -> None:
    watermark = Watermark(3)
    watermark.offer(Span(10, 12), follows_seq=6)
    assert watermark.stored_seq == 3
    watermark.offer(Span(4, 6))
    assert watermark.stored_seq == 12


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[Span, int | None]]:
    """Batches as a pole makes them, with holes, cut, repeated and in any order."""
    batches: list[tuple[Span, int | None]] = []
    last = 0
    for _ in range(draw(st.integers(1, 12))):
        gone = draw(st.integers(0, 5))
        first = last + gone + 1
        span = Span(first, first + draw(st.integers(0, 6)))
        batches.append((span, last if gone else None))
        last = span.last
    repeats = draw(st.lists(st.sampled_from(batches), max_size=8))
    return draw(st.permutations([*batches, *repeats]))


@given(deliveries())
def test_every_event_is_fresh_once_and_all_is_accounted_for_at_the_end(
    history: list[tuple[Span, int | None]],
) -> None:
    watermark, stored, before = Watermark(), set[int](), 0
    for span, follows_seq in history:
        offer = watermark.offer(span, follows_seq)
        fresh = {seq for each in offer.fresh for seq in range(each.first, each.last + 1)}
        known = {seq for each in offer.known for seq in range(each.first, each.last + 1)}
        assert fresh | known == set(range(span.first, span.last + 1))
        assert not fresh & known
        assert not fresh & stored
        assert known <= stored
        stored |= fresh
        assert watermark.stored_seq >= before
        before = watermark.stored_seq
    sent = {seq for span, _ in history for seq in range(span.first, span.last + 1)}
    assert stored == sent
    assert watermark.stored_seq == max(sent)
