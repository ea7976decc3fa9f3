"""Every route and every role: the page's table of rights, written down a second time by hand."""

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from collector.accounts import STEPPED_UP_MS
from collector.page.app import DOORS
from collector.page.gate import Door
from collector.rights import RIGHTS, Right, Role
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import PASSWORD, Browserless, Stage

# A route opens to whoever has this right; with "proof" only if they proved themselves just now.
TABLE = {
    "POST /api/logout": "anybody",
    "POST /api/step-up": "anybody",
    "POST /api/step-up/passkey/begin": "anybody",
    "POST /api/step-up/passkey": "anybody",
    "GET /api/passkeys": "anybody",
    "POST /api/passkeys/begin": "anybody proof",
    "POST /api/passkeys": "anybody proof",
    "POST /api/passkeys/remove": "anybody proof",
    "GET /api/feed": "anybody",
    "GET /api/signals": "SEE_SIGNALS",
    "GET /api/signals/{number}": "SEE_SIGNALS",
    "POST /api/signals/{number}/review": "REVIEW_SIGNALS",
    "GET /api/precision": "SEE_SIGNALS",
    "GET /api/clips": "SEE_CLIPS",
    "POST /api/clips": "REQUEST_CLIPS proof",
    "GET /api/clips/places": "REQUEST_CLIPS",
    "GET /api/clips/progress": "SEE_CLIPS",
    "GET /api/clips/{clip}": "SEE_CLIPS",
    "GET /api/clips/{clip}/sealed": "SEE_CLIPS proof",
    "POST /api/clips/{clip}/approve": "APPROVE_CLIPS proof",
    "POST /api/clips/{clip}/hold": "HOLD_CLIPS proof",
    "GET /api/devices": "SEE_DEVICES",
    "GET /api/updates": "SEE_DEVICES",
    "GET /api/updates/{number}": "SEE_DEVICES",
    "POST /api/updates/{number}/halt": "HALT_UPDATES",
    "POST /api/updates/{number}/resume": "ROLL_OUT_UPDATES proof",
    "GET /api/calibration": "SEE_CALIBRATION",
    "GET /api/calibration/report": "SEE_CALIBRATION",
    "GET /api/calibration/signals": "SEE_CALIBRATION",
    "POST /api/calibration/signals/{number}/review": "REVIEW_CALIBRATION",
    "POST /api/calibration/{name}/delete": "DELETE_CALIBRATION",
    "GET /api/mandates": "SEE_MANDATES",
    "POST /api/mandates": "DELIVER_MANDATES",
    "GET /api/register": "EXPORT_REGISTER",
    "GET /api/register/export": "EXPORT_REGISTER",
    "GET /api/audit": "READ_AUDIT",
    "GET /api/audit/verify": "READ_AUDIT",
    "GET /api/accounts": "MANAGE_ACCOUNTS",
    "POST /api/accounts/invite": "MANAGE_ACCOUNTS",
    "POST /api/accounts/{name}/close": "MANAGE_ACCOUNTS",
}
OPEN = {
    "/api/me", "/api/welcome", "/api/login", "/api/login/passkey/begin", "/api/login/passkey",
    "/metrics", "/healthz", "/static",
}  # fmt: skip


def name_of(door: Door) -> str:
    return f"{door.method} {door.path}"


def address_of(door: Door) -> str:
    filled = door.path
    for place, value in (("{number}", "1"), ("{name}", "nobody"), ("{clip}", "c0")):
        filled = filled.replace(place, value)
    return filled


def order(door: Door) -> bool:
    """Leaving comes last."""
    return door.path == "/api/logout"


def test_the_table_names_every_door() -> None:
    said = {
        name_of(door): (door.right.name if door.right else "anybody") + " proof" * door.needs_proof
        for door in DOORS
    }
    assert said == TABLE


def test_every_route_is_a_door_or_open_on_purpose(stage: Stage) -> None:
    app = stage.page.application
    assert isinstance(app, Starlette)
    doors = {door.path for door in DOORS}
    for route in app.routes:
        assert isinstance(route, Route | Mount)
        is_view = isinstance(route, Route) and not route.path.startswith(("/api", "/me", "/heal"))
        assert is_view or route.path in doors or route.path in OPEN, route.path


@pytest.fixture(params=list(Role), ids=lambda role: role.value)
def someone(request: pytest.FixtureRequest, stage: Stage) -> tuple[Role, Browserless]:
    caller = Browserless(stage.address)
    caller.enter(stage, "someone", request.param)
    return request.param, caller


def test_a_door_opens_to_the_roles_with_its_right_only(
    stage: Stage, someone: tuple[Role, Browserless]
) -> None:
    role, caller = someone
    for door in sorted(DOORS, key=order):
        is_allowed = door.right is None or door.right in RIGHTS[role]
        status, said = caller.refusal(address_of(door), door.method)
        assert ((status, " may not " in said) != (403, True)) == is_allowed, name_of(door)
        assert status not in {401, 500}, name_of(door)


def test_a_refusal_names_the_right_and_who_has_it(stage: Stage, caller: Browserless) -> None:
    caller.enter(stage, "olga", Role.OPERATOR)
    answer = caller.get("/api/accounts")
    assert answer.json()["error"] == {
        "kind": "permission_denied",
        "what": "an operator may not invite and close accounts",
        "hint": "Ask for it as: supervisor.",
    }


def test_no_door_opens_to_a_stranger(caller: Browserless) -> None:
    assert {caller.refusal(address_of(door), door.method)[0] for door in DOORS} == {401}


def test_nothing_is_changed_without_the_csrf_token(ana: Browserless) -> None:
    ana.csrf_token = "another"
    changes = [door for door in DOORS if door.method == "POST"]
    assert {ana.refusal(address_of(door), "POST")[0] for door in changes} == {403}


def test_some_doors_want_the_person_proven_again(
    stage: Stage, clock: FakeClock, ana: Browserless
) -> None:
    clock.advance(STEPPED_UP_MS / 1000)
    for door in DOORS:
        if door.needs_proof and door.right in {None, *RIGHTS[Role.SUPERVISOR]}:
            answer = ana.post(address_of(door), {}) if door.method == "POST" else None
            answer = answer or ana.get(address_of(door))
            assert answer.status == 409, name_of(door)
            assert '"needs_proof":true' in answer.text.replace(" ", "")
    assert ana.post("/api/step-up", {"password": "a guess"}).status == 403
    assert ana.post("/api/step-up", {"password": PASSWORD}).status == 200
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    assert [line.detail for line in lines if line.action == "step up"] == ["password"]


def test_who_i_am_says_what_i_may(ana: Browserless) -> None:
    me = ana.get("/api/me").json()
    assert me["role"] == "supervisor"
    assert me["rights"] == sorted(right.name.lower() for right in RIGHTS[Role.SUPERVISOR])
    assert Right.READ_AUDIT.name.lower() not in str(me["rights"])
