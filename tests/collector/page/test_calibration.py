"""What a calibration saw is for those who tune, for no operator, and goes with the calibration."""

import sqlite3
from typing import cast

import pytest

from collector.rights import Role
from edge.wire.v1 import event_pb2
from tests.fakes.page_stage import BENCH, CALIBRATION, DEVICE, Browserless, Stage, crossing

Rows = list[dict[str, object]]


@pytest.fixture
def theo(stage: Stage) -> Browserless:
    caller = Browserless(stage.address)
    caller.enter(stage, "theo", Role.TECHNICIAN)
    return caller


def rules(caller: Browserless) -> Rows:
    return cast(Rows, caller.get("/api/calibration").json()["rules"])


def test_no_list_count_or_look_of_an_operator_tells_of_it(stage: Stage, ana: Browserless) -> None:
    stage.deliver(crossing(), crossing(), dictionary=CALIBRATION)
    stage.deliver(crossing())
    assert [row["number"] for row in cast(Rows, ana.get("/api/signals").json()["events"])] == [3]
    assert ana.get("/api/signals/1").status == 404
    assert ana.post("/api/clips", {"event": "1"}).status == 404
    ana.post("/api/signals/3/review", {"verdict": "confirmed"})
    ana.post("/api/calibration/signals/1/review", {"verdict": "rejected"})
    (counted,) = cast(Rows, ana.get("/api/precision").json()["rules"])
    assert (counted["confirmed"], counted["rejected"]) == (1, 0)


def test_a_lost_camera_is_told_while_a_calibration_lasts(stage: Stage) -> None:
    health = event_pb2.Event(rule=4, phase=event_pb2.PHASE_START)
    stage.deliver(crossing(), health, dictionary=CALIBRATION)
    reader = stage.core.services.reader
    assert stage.run(reader.read_event(1)) is None
    assert stage.run(reader.read_event(2)) is not None


def test_an_operator_cannot_review_it(stage: Stage) -> None:
    olga = Browserless(stage.address)
    olga.enter(stage, "olga", Role.OPERATOR)
    stage.deliver(crossing(), dictionary=CALIBRATION)
    assert olga.post("/api/signals/1/review", {"verdict": "rejected"}).status == 404


def test_those_who_tune_see_each_rule_with_its_verdicts_and_hours(
    stage: Stage, ana: Browserless, theo: Browserless
) -> None:
    stage.deliver(crossing(), crossing(), dictionary=CALIBRATION, age_ms=7_200_000)
    stage.deliver(crossing(), dictionary=CALIBRATION)
    answer = ana.post("/api/calibration/signals/1/review", {"verdict": "rejected"})
    assert answer.status == 200
    (rule,) = rules(theo)
    assert (rule["rule"], rule["signals"], rule["rejected"]) == ("fence", 3, 1)
    assert sum(cast(list[int], rule["by_hour_utc"])) == 3
    assert rule["rate_per_hour"] == pytest.approx(1.5, abs=0.01)
    seen = cast(Rows, theo.get("/api/calibration/signals").json()["events"])
    assert [row["number"] for row in seen] == [3, 2, 1]


def test_the_report_has_a_drawing_for_each_rule_and_no_picture(
    stage: Stage, theo: Browserless
) -> None:
    stage.deliver(crossing(), crossing(rule=3), dictionary=CALIBRATION)
    answer = theo.get("/api/calibration/report")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.count("<svg") == 2
    assert "<img" not in answer.text
    assert "Light is not part of what poles send" in answer.text


def test_it_goes_with_the_calibration_and_its_numbers_never_come_back(
    stage: Stage, ana: Browserless
) -> None:
    stage.deliver(crossing())
    stage.deliver(crossing(), crossing(), dictionary=CALIBRATION)
    ana.post("/api/calibration/signals/2/review", {"verdict": "rejected"})
    answer = ana.post(f"/api/calibration/{DEVICE}/delete", {})
    assert answer.json() == {"deleted_events": 2}
    assert rules(ana) == []
    kept = stage.run(stage.core.services.reader.newest_number())
    assert kept == 1
    assert stage.run(stage.core.writer.submit(_deleted_upto)) == 3
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    assert [line.detail for line in lines if line.action == "delete calibration"] == ["2 events"]
    assert ana.post(f"/api/calibration/{DEVICE}/delete", {}).status == 404


def _deleted_upto(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE name = 'deleted_upto'").fetchone()
    return int(row[0])


def test_what_a_bench_mandate_saw_is_marked(stage: Stage, ana: Browserless) -> None:
    stage.deliver(crossing(), dictionary=BENCH)
    stage.deliver(crossing())
    listed = cast(Rows, ana.get("/api/signals").json()["events"])
    assert [row["is_bench"] for row in listed] == [True, False]
