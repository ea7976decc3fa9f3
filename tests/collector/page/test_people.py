"""Letting people in and out, over HTTP."""

from typing import cast

from collector.rights import Role
from tests.fakes.page_stage import PASSWORD, Browserless, Stage


def test_an_invitation_makes_an_account_of_its_role(stage: Stage, ana: Browserless) -> None:
    given = ana.post("/api/accounts/invite", {"role": "authority"}).json()
    token = str(given["path"]).rpartition("/")[2]
    mayor = Browserless(stage.address)
    fields: dict[str, object] = {"token": token, "name": "mayor", "password": PASSWORD}
    assert mayor.post("/api/welcome", fields).json()["role"] == "authority"
    listed = cast(list[dict[str, object]], ana.get("/api/accounts").json()["accounts"])
    assert [(row["name"], row["role"], row["is_active"]) for row in listed] == [
        ("ana", "supervisor", True), ("mayor", "authority", True),
    ]  # fmt: skip


def test_a_role_that_does_not_exist_is_refused(ana: Browserless) -> None:
    answer = ana.post("/api/accounts/invite", {"role": "king"})
    assert answer.status == 400
    assert "'king' is no role" in answer.text


def test_a_closed_account_is_out_at_once(stage: Stage, ana: Browserless) -> None:
    olga = Browserless(stage.address)
    olga.enter(stage, "olga", Role.OPERATOR)
    assert olga.get("/api/signals").status == 200
    assert ana.post("/api/accounts/olga/close", {}).status == 200
    assert olga.get("/api/signals").status == 401
    assert ana.post("/api/accounts/olga/close", {}).status == 404


def test_the_last_supervisor_stays(ana: Browserless) -> None:
    answer = ana.post("/api/accounts/ana/close", {})
    assert answer.status == 409
    assert "ana is the last supervisor" in answer.text
