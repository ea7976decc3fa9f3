"""The list, why an event fired, and verdicts, over HTTP."""

from typing import cast

import pytest

from edge.wire.v1 import event_pb2
from tests.fakes.page_stage import Browserless, Stage, crossing, presence

Rows = list[dict[str, object]]


def rows(caller: Browserless) -> Rows:
    return cast(Rows, caller.get("/api/signals").json()["events"])


def audit(stage: Stage) -> list[tuple[str, str, str]]:
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    return [(line.who, line.action, line.thing) for line in lines]


def test_events_of_one_incident_share_its_name(stage: Stage, ana: Browserless) -> None:
    stage.deliver(crossing(), presence(event_pb2.PHASE_START, 1000))
    stage.deliver(presence(event_pb2.PHASE_END, 9000, back=1))
    cross, start, end = rows(ana)
    assert start["incident"] == end["incident"] != cross["incident"]
    assert (end["phase"], end["duration_ms"]) == ("end", 9000)
    assert cross["stored_utc_ms"] == cast(int, cross["captured_utc_ms"]) + 400
    assert cross["clock_error_ms"] == 12


def test_health_of_a_pole_is_no_signal(stage: Stage, ana: Browserless) -> None:
    stage.deliver(event_pb2.Event(rule=4, phase=event_pb2.PHASE_START), crossing())
    assert [row["function"] for row in rows(ana)] == ["line_crossing"]


def test_the_list_pages_back(stage: Stage, ana: Browserless) -> None:
    stage.deliver(*[crossing() for _ in range(130)])
    newest = ana.get("/api/signals").json()
    assert len(cast(Rows, newest["events"])) == 100
    older = ana.get(f"/api/signals?before={newest['next_before']}").json()
    assert len(cast(Rows, older["events"])) == 30
    assert older["next_before"] is None


@pytest.mark.parametrize(("lang", "word"), [("en", "rule"), ("fr", "règle"), ("es", "regla")])
def test_why_it_fired_is_said_in_the_reader_s_language(
    stage: Stage, ana: Browserless, lang: str, word: str
) -> None:
    stage.deliver(crossing())
    read = ana.get(f"/api/signals/1?lang={lang}").json()
    assert word in cast(str, read["sentence"]).lower()
    assert "ssd-coco15" in cast(str, read["sentence"])
    assert read["rule_version"] == "a1b2c3d4e5f60718"
    assert read["parameters"] == [{"name": "direction", "text": "both"}]
    box = cast(list[float], read["box_frac"])
    assert box == pytest.approx([0.51, 0.42, 0.59, 0.82], abs=1e-4)
    way = cast(list[list[float]], read["way_frac"])
    assert way[0] == pytest.approx([0.55, 0.82], abs=1e-4)
    assert way[-1] == pytest.approx([0.31, 0.72], abs=0.01)


def test_a_look_is_in_the_audit_even_when_there_is_nothing_to_see(
    stage: Stage, ana: Browserless
) -> None:
    answer = ana.get("/api/signals/99")
    assert answer.status == 404
    assert ("account:ana", "read event", "99") in audit(stage)


def test_a_verdict_is_kept_with_who_and_can_be_taken_back(stage: Stage, ana: Browserless) -> None:
    stage.deliver(crossing())
    said = ana.post("/api/signals/1/review", {"verdict": "rejected", "note": "a cat"})
    assert said.status == 200
    review = cast(dict[str, object], rows(ana)[0]["review"])
    assert (review["verdict"], review["note"]) == ("rejected", "a cat")
    assert review["reviewer"] == "account:ana"
    assert ana.post("/api/signals/1/review", {"verdict": "withdrawn"}).status == 200
    assert rows(ana)[0]["review"] is None
    history = cast(Rows, ana.get("/api/signals/1").json()["reviews"])
    assert [each["verdict"] for each in history] == ["rejected", "withdrawn"]


@pytest.mark.parametrize(
    ("path", "fields", "refusal"),
    [
        ("1", {"verdict": "guilty"}, (400, "'guilty' is no verdict")),
        ("1", {"verdict": "confirmed", "note": "x" * 1025}, (400, "the note is 1025 bytes")),
        ("99", {"verdict": "confirmed"}, (404, "there is no event 99")),
        ("1", {"verdict": "withdrawn"}, (409, "has no review to withdraw")),
        ("x", {"verdict": "confirmed"}, (400, "'x' is no number")),
        ("1", {"verdict": 1}, (400, "something other than text")),
        ("1", {"verdict": "x" * 20_000}, (400, "over 16384 bytes")),
    ],
)
def test_a_bad_verdict_is_refused_in_words(
    stage: Stage, ana: Browserless, path: str, fields: dict[str, object], refusal: tuple[int, str]
) -> None:
    stage.deliver(crossing())
    answer = ana.post(f"/api/signals/{path}/review", fields)
    assert answer.status == refusal[0]
    assert refusal[1] in answer.text


def test_precision_counts_what_stands(stage: Stage, ana: Browserless) -> None:
    stage.deliver(crossing(), crossing(), crossing())
    for number, verdict in ((1, "confirmed"), (2, "confirmed"), (3, "rejected")):
        ana.post(f"/api/signals/{number}/review", {"verdict": verdict})
    (rule,) = cast(Rows, ana.get("/api/precision").json()["rules"])
    share = cast(dict[str, float], rule["share"])
    assert (rule["rule"], rule["confirmed"], rule["rejected"]) == ("fence", 2, 1)
    assert share["value"] == pytest.approx(2 / 3)
    assert share["low"] < share["value"] < share["high"]
