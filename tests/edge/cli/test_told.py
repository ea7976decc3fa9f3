"""What `events show --json` prints is what `rules explain` reads: one shape, both ways."""

from edge.cli.event_lines import as_record
from edge.cli.told import read_told
from edge.wire.sentences import explain
from edge.wire.v1 import event_pb2, operator_pb2


def test_a_stored_event_explains_the_same_from_its_record() -> None:
    rule = event_pb2.Rule(
        name="gate",
        function=event_pb2.FUNCTION_LINE_CROSSING,
        camera="road",
        place="line-1",
        parameters=[event_pb2.Parameter(name="direction", text="both")],
        version=bytes(range(8)),
    )
    event = event_pb2.Event(
        rule=1, phase=event_pb2.PHASE_START, object_class=event_pb2.OBJECT_CLASS_PERSON,
        score_percent=71, trace=bytes([5, 0, 250, 1]),
    )  # fmt: skip
    stored = operator_pb2.StoredEvent(number=7, event=event, rule=rule, model="ssd-coco15")
    told = read_told(as_record(stored))
    for language in ("en", "fr", "es"):
        said = explain(told.event, told.rule, told.model, language)
        assert said == explain(event, rule, "ssd-coco15", language)


def test_a_gap_keeps_its_ends_in_the_record() -> None:
    gap = event_pb2.Gap(first_seq=3, last_seq=9, missing=7, reason=event_pb2.GAP_REASON_QUOTA)
    rule = event_pb2.Rule(name="health/spool_gap", function=event_pb2.FUNCTION_SPOOL_GAP)
    event = event_pb2.Event(rule=1, phase=event_pb2.PHASE_START, gap=gap)
    record = as_record(operator_pb2.StoredEvent(number=1, event=event, rule=rule))
    assert record["gap"] == {"first": 3, "last": 9, "missing": 7}
    assert read_told(record).event.gap.missing == 7
