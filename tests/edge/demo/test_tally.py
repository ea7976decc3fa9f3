"""The closing table says what happened and when the demo may call itself a success."""

import dataclasses

from edge.demo.tally import Summary, Tally


def summary(*, events: int, pending: int) -> Summary:
    return Summary(
        seconds=60.0,
        source="clip",
        events=events,
        signals=events,
        events_by_rule={},
        event_bytes=0,
        video_bytes=0,
        pending_events=pending,
        latency_p50_ms=None,
        latency_p99_ms=None,
        cameras=[],
    )


def test_a_demo_without_events_is_no_success() -> None:
    assert not summary(events=0, pending=0).is_success


def test_a_demo_with_unacknowledged_events_is_no_success() -> None:
    assert not summary(events=5, pending=1).is_success
    assert dataclasses.replace(summary(events=5, pending=1), pending_events=0).is_success


def test_events_are_counted_by_rule_and_only_starts_are_signals() -> None:
    tally = Tally()
    tally.add("gate", "start", 40, 12)
    tally.add("gate", "end", 41, 14)
    tally.add("lawn", "start", 38, 300)
    assert tally.by_rule == {"gate": 2, "lawn": 1}
    assert (tally.signals, tally.event_bytes) == (2, 119)
    assert (tally.percentile_ms(50), tally.percentile_ms(99)) == (14, 300)


def test_no_events_have_no_latency() -> None:
    assert Tally().percentile_ms(50) is None
