"""Clips over HTTP: asked for, agreed to, watched, handed over sealed, held, refused."""

import io
from pathlib import Path
from typing import cast

import pytest

from collector.accounts import STEPPED_UP_MS
from collector.rights import Role
from edge.evidence.sealed import open_sealed
from edge.evidence.verify import verify_clip
from edge.wire.v1 import session_pb2
from tests.fakes.clip_pole import ClipPole
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import DEVICE, Browserless, Stage, crossing

Json = dict[str, object]
REASON = "a person was pushed, see the report"


@pytest.fixture
def pole(stage: Stage, tmp_path: Path) -> ClipPole:
    return ClipPole(stage, tmp_path / "pole")


@pytest.fixture
def olga(stage: Stage) -> Browserless:
    caller = Browserless(stage.address)
    caller.enter(stage, "olga", Role.OPERATOR)
    return caller


def ask(caller: Browserless, **changes: object) -> Json:
    answer = caller.post("/api/clips", wish(**changes))
    assert answer.status == 200, answer.text
    return cast(Json, answer.json()["clip"])


def wish(**changes: object) -> Json:
    return {"event": "1", "kind": "clip", "reason": REASON, "case": "2026-0042", **changes}


def actions(stage: Stage) -> list[str]:
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    return [line.action for line in lines if "clip" in line.action]


def test_a_clip_of_an_event_comes_sealed_with_all_that_proves_it(
    stage: Stage, pole: ClipPole, olga: Browserless
) -> None:
    stage.deliver(crossing())
    asked = ask(olga)
    assert (asked["device"], asked["camera"], asked["state"]) == (DEVICE, "north", "requested")
    assert cast(int, asked["to_utc_ms"]) - cast(int, asked["from_utc_ms"]) == 30_000
    brought = pole.bring()
    read = olga.get(f"/api/clips/{asked['clip']}").json()
    assert (read["state"], read["is_bench"], read["event"]) == ("ready", True, 1)
    keys = cast(list[Json], read["device_keys"])
    assert [key["keyid"] for key in keys] == [pole.evidence.public.keyid]
    sealed = olga.get_bytes(f"/api/clips/{asked['clip']}/sealed")
    assert sealed == brought.sealed
    mp4 = b"".join(open_sealed(io.BytesIO(sealed), pole.reader.private))
    known = stage.run(stage.core.services.devices.list_evidence_keys(DEVICE))
    verify_clip(io.BytesIO(mp4), str(read["manifest"]).encode(), known)
    assert actions(stage) == ["request clip", "deliver clip", "read clip", "open clip"]


def test_progress_is_told_without_place_or_reason_and_without_a_line_in_the_audit(
    stage: Stage, pole: ClipPole, olga: Browserless
) -> None:
    stage.deliver(crossing())
    asked = ask(olga)
    ((command, request),) = pole.take_requests()
    clip = pole.make_clip(command, request)
    pole.offer(clip)
    half = len(clip.sealed) // 2
    pole.upload(clip, 0, half)
    (row,) = cast(list[Json], olga.get("/api/clips/progress").json()["clips"])
    assert row.pop("changed_utc_ms")
    assert row == {
        "clip": asked["clip"],
        "state": "uploading",
        "stored_bytes": half,
        "sealed_bytes": len(clip.sealed),
    }
    assert actions(stage) == ["request clip"]


def test_a_refusal_is_shown_as_the_pole_said_it(
    stage: Stage, pole: ClipPole, olga: Browserless
) -> None:
    stage.deliver(crossing())
    asked = ask(olga, kind="still")
    assert asked["from_utc_ms"] == asked["to_utc_ms"]
    ((command, _),) = pole.take_requests()
    said = "the ring holds nothing of north then; the nearest is 14:02:10 to 14:31:00"
    pole.answer(command, session_pb2.ANSWER_CODE_REFUSED, said)
    (row,) = cast(list[Json], olga.get("/api/clips").json()["clips"])
    assert (row["state"], row["message"]) == ("refused", said)


def test_a_long_clip_waits_for_another_supervisor(
    stage: Stage, pole: ClipPole, olga: Browserless, ana: Browserless
) -> None:
    stage.deliver(crossing(), age_ms=3_600_000)
    event = cast(list[Json], olga.get("/api/signals").json()["events"])[0]
    first_ms = cast(int, event["captured_utc_ms"])
    times = {"from_utc_ms": str(first_ms), "to_utc_ms": str(first_ms + 600_000)}
    asked = ask(ana, **times)
    assert asked["state"] == "waiting"
    assert pole.take_requests() == []
    path = f"/api/clips/{asked['clip']}/approve"
    assert "the second person is the one who asked" in ana.post(path, {}).text
    assert olga.post(path, {}).status == 403
    sue = Browserless(stage.address)
    sue.enter(stage, "sue")
    agreed = cast(Json, sue.post(path, {}).json()["clip"])
    assert (agreed["state"], agreed["second_person"]) == ("requested", "account:sue")
    assert len(pole.take_requests()) == 1


def test_clips_of_a_case_stand_together(stage: Stage, pole: ClipPole, olga: Browserless) -> None:
    stage.deliver(crossing())
    first = ask(olga)
    ask(olga, case="2026-0043")
    found = cast(list[Json], olga.get("/api/clips?case=2026-0042").json()["clips"])
    assert [row["clip"] for row in found] == [first["clip"]]


def test_a_hold_has_a_day_of_its_own(
    stage: Stage, pole: ClipPole, ana: Browserless, clock: FakeClock
) -> None:
    stage.deliver(crossing())
    asked = ask(ana)
    pole.bring()
    until_ms = clock.utc_ns() // 1_000_000 + 90 * 86_400_000
    path = f"/api/clips/{asked['clip']}/hold"
    held = ana.post(path, {"reason": "order 12/2026", "until_utc_ms": str(until_ms)})
    assert cast(Json, held.json()["clip"])["held_until_utc_ms"] == until_ms
    assert "a hold needs a reason" in ana.post(path, {"until_utc_ms": str(until_ms)}).text


def test_a_clip_is_asked_for_by_somebody_who_is_still_there(
    stage: Stage, pole: ClipPole, olga: Browserless, clock: FakeClock
) -> None:
    stage.deliver(crossing())
    clock.advance(STEPPED_UP_MS / 1000)
    answer = olga.post("/api/clips", wish())
    assert answer.status == 409
    assert cast(Json, answer.json()["error"])["needs_proof"] is True


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"reason": "because"}, "no reason of at least 8 characters"),
        ({"case": " "}, "the request names no case"),
        ({"event": "99"}, "there is no event 99"),
        ({"kind": "film"}, "'film' is no kind of clip"),
        ({"from_utc_ms": "-1"}, "'-1' is no number"),
        ({"event": "", "device": "pole-9"}, "there is no device pole-9"),
    ],
)
def test_a_wish_that_will_not_do_is_refused_in_words(
    stage: Stage, pole: ClipPole, olga: Browserless, changes: Json, refusal: str
) -> None:
    stage.deliver(crossing())
    answer = olga.post("/api/clips", wish(**changes))
    assert answer.status in {400, 404}
    assert refusal in answer.text
    assert pole.take_requests() == []


def test_a_clip_that_is_not_here_is_refused_before_the_answer_begins(
    stage: Stage, pole: ClipPole, olga: Browserless
) -> None:
    stage.deliver(crossing())
    asked = ask(olga)
    answer = olga.get(f"/api/clips/{asked['clip']}/sealed")
    assert (answer.status, "is not complete: requested" in answer.text) == (409, True)
    assert olga.get("/api/clips/../../etc").status == 404
    assert olga.get("/api/clips/no%20name").status == 404


def test_cameras_are_named_to_whom_the_newest_mandate_lets_ask(
    stage: Stage, pole: ClipPole, olga: Browserless
) -> None:
    place = {"device": DEVICE, "camera": "north", "time_zone": "Europe/Paris"}
    assert olga.get("/api/clips/places").json() == {"places": [place]}
    pole.deliver_mandate(version=2, time_zone="America/Lima")
    assert olga.get("/api/clips/places").json() == {
        "places": [place | {"time_zone": "America/Lima"}]
    }
    pole.deliver_mandate(version=3, clip_requesters=["supervisor"])
    assert olga.get("/api/clips/places").json() == {"places": []}
