"""Passkeys over HTTP: added, listed and removed by every role; a way in; a proof to be there."""

from typing import cast

import pytest

from collector.accounts import STEPPED_UP_MS
from collector.rights import Role
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import Browserless, Stage
from tests.fakes.passkey import SoftPasskey

Json = dict[str, object]


def question(caller: Browserless, path: str) -> Json:
    answer = caller.post(path, {})
    assert answer.status == 200, answer.text
    return cast(Json, answer.json()["question"])


def register(stage: Stage, caller: Browserless, name: str = "blue key") -> SoftPasskey:
    key = SoftPasskey(stage.origin.text)
    answer = key.create(question(caller, "/api/passkeys/begin"))
    kept = caller.post("/api/passkeys", {"name": name, "answer": answer})
    assert kept.status == 200, kept.text
    return key


def log_in(stage: Stage, key: SoftPasskey) -> Browserless:
    caller = Browserless(stage.address)
    answer = key.get(question(caller, "/api/login/passkey/begin"))
    entered = caller.post("/api/login/passkey", {"answer": answer})
    assert entered.status == 200, entered.text
    caller.csrf_token = str(entered.json()["csrf_token"])
    return caller


def names(caller: Browserless) -> list[object]:
    listed = caller.get("/api/passkeys").json()
    assert listed["are_possible"] is True
    return [each["name"] for each in cast(list[Json], listed["passkeys"])]


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_every_role_has_passkeys_of_its_own(stage: Stage, role: Role) -> None:
    caller = Browserless(stage.address)
    caller.enter(stage, "someone", role)
    assert caller.get("/api/me").json()["passkeys"] == 0
    entered = log_in(stage, register(stage, caller))
    assert entered.get("/api/me").json()["role"] == role.value
    assert (names(entered), entered.get("/api/me").json()["passkeys"]) == (["blue key"], 1)
    assert entered.post("/api/passkeys/remove", {"name": "blue key"}).status == 200
    assert entered.post("/api/passkeys/remove", {"name": "blue key"}).status == 404
    assert names(entered) == []
    assert caller.get("/api/passkeys").status == 401, (
        "a session that the key may have opened is over"
    )


def test_nobody_sees_or_removes_another_s(stage: Stage, ana: Browserless) -> None:
    register(stage, ana)
    olga = Browserless(stage.address)
    olga.enter(stage, "olga", Role.OPERATOR)
    assert names(olga) == []
    assert olga.post("/api/passkeys/remove", {"name": "blue key"}).status == 404
    assert names(ana) == ["blue key"]


def test_a_passkey_is_the_proof_that_some_doors_want(
    stage: Stage, ana: Browserless, clock: FakeClock
) -> None:
    key = register(stage, ana)
    clock.advance(STEPPED_UP_MS / 1000)
    assert ana.post("/api/passkeys/begin", {}).status == 409
    wrong = ana.post("/api/step-up/passkey", {"answer": "{}"})
    assert wrong.status == 409
    answer = key.get(question(ana, "/api/step-up/passkey/begin"))
    assert ana.post("/api/step-up/passkey", {"answer": answer}).status == 200
    assert ana.post("/api/passkeys/begin", {}).status == 200
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    assert [line.detail for line in lines if line.action == "step up"] == ["passkey blue key"]


def test_an_answer_is_good_for_the_browser_that_asked(stage: Stage, ana: Browserless) -> None:
    key = register(stage, ana)
    asked, thief = Browserless(stage.address), Browserless(stage.address)
    answer = key.get(question(asked, "/api/login/passkey/begin"))
    question(thief, "/api/login/passkey/begin")
    assert thief.post("/api/login/passkey", {"answer": answer}).status == 403
    assert Browserless(stage.address).post("/api/login/passkey", {"answer": answer}).status == 409
    assert asked.post("/api/login/passkey", {"answer": answer}).status == 200


def test_the_ticket_is_kept_from_scripts_and_other_sites(stage: Stage) -> None:
    caller = Browserless(stage.address)
    given = caller.post("/api/login/passkey/begin", {}).headers["set-cookie"].lower()
    assert "httponly" in given
    assert "samesite=strict" in given
    foreign = {"Origin": "https://example.net"}
    for path in ("/api/login/passkey/begin", "/api/login/passkey"):
        assert caller.post(path, {}, foreign).status == 403


def test_a_session_taken_over_adds_no_passkey_without_a_fresh_proof(
    ana: Browserless, clock: FakeClock
) -> None:
    clock.advance(STEPPED_UP_MS / 1000)
    for path in ("/api/passkeys/begin", "/api/passkeys", "/api/passkeys/remove"):
        answer = ana.post(path, {"name": "mine", "answer": "{}"})
        assert cast(Json, answer.json()["error"])["needs_proof"] is True
