"""Coming in, staying in, and being refused."""

import pytest

from collector.accounts import IDLE_MS, LOGIN_ATTEMPTS
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import PASSWORD, Browserless, Stage

PRIVATE = (
    "/api/signals", "/api/signals/1", "/api/devices", "/api/precision", "/api/feed",
)  # fmt: skip


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_is_told_to_a_stranger(caller: Browserless, path: str) -> None:
    answer = caller.get(path)
    assert answer.status == 401
    assert answer.json()["error"] == {
        "kind": "permission_denied",
        "what": "you are not signed in",
        "hint": "Sign in and try again.",
    }


def test_a_one_time_link_makes_one_account(stage: Stage, caller: Browserless) -> None:
    token = stage.invite().rpartition("/")[2]
    fields: dict[str, object] = {"token": token, "name": "ana", "password": PASSWORD}
    assert caller.post("/api/welcome", fields).status == 200
    assert caller.get("/api/me").json()["account"] == "ana"
    again = Browserless(stage.address).post("/api/welcome", fields | {"name": "eve"})
    assert again.status == 403
    assert "wrong, used or expired" in again.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(stage: Stage, caller: Browserless) -> None:
    caller.enter(stage)
    answer = caller.post("/api/login", {"name": "ana", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain http on loopback; over https it is set
    behind_tls = caller.post(
        "/api/login", {"name": "ana", "password": PASSWORD}, {"X-Forwarded-Proto": "https"}
    )
    assert "; secure" in behind_tls.headers["set-cookie"].lower()


def test_a_wrong_password_is_refused(ana: Browserless, stage: Stage) -> None:
    answer = Browserless(stage.address).post("/api/login", {"name": "ana", "password": "guess"})
    assert answer.status == 403
    assert "the name or the password is wrong" in answer.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 16_000, "nested deeper than 12 levels"),
        (b'{"name":' * 2_000, "nested deeper than 12 levels"),
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8 text"),
        (b"[]", "is no JSON object"),
        (b'{"name": "ana", "name": "eve"}', "twice"),
        (b'{"name": "\\ud800", "password": "x"}', "halves of signs"),
    ],
)
def test_what_is_no_form_is_refused_to_a_stranger(
    stage: Stage, caller: Browserless, body: bytes, said: str
) -> None:
    answer = caller.post_bytes("/api/login", body)
    assert answer.status == 400
    assert said in answer.text
    assert caller.post("/api/login", {"name": "ana", "password": "guess"}).status == 403


def test_guessing_is_stopped_with_the_time_to_wait(stage: Stage, ana: Browserless) -> None:
    guesser = Browserless(stage.address)
    answers = [
        guesser.post("/api/login", {"name": "ana", "password": f"guess {each}"})
        for each in range(LOGIN_ATTEMPTS)
    ]
    assert answers[0].status == 403
    assert answers[-1].status == 429
    assert answers[-1].json()["error"] == {
        "kind": "resource_exhausted",
        "what": "too many attempts",
        "hint": "Wait 10 min, then try again.",
    }


def test_a_session_ends_when_nobody_uses_it(ana: Browserless, clock: FakeClock) -> None:
    assert ana.get("/api/signals").status == 200
    clock.advance(IDLE_MS / 1000)
    assert ana.get("/api/signals").status == 401


def test_signing_out_ends_the_session_on_the_collector(ana: Browserless) -> None:
    cookie = ana.cookie
    assert ana.post("/api/logout", {}).status == 200
    ana.cookie = cookie
    assert ana.get("/api/signals").status == 401


def test_a_change_without_the_csrf_token_is_refused(ana: Browserless) -> None:
    for token in ("", "wrong"):
        answer = ana.post(
            "/api/signals/1/review", {"verdict": "confirmed"}, {"X-csrf-token": token}
        )
        assert answer.status == 403
        assert "no proof that this page sent it" in answer.text


def test_another_site_cannot_sign_somebody_in(stage: Stage, ana: Browserless) -> None:
    fields: dict[str, object] = {"name": "ana", "password": PASSWORD}
    foreign = Browserless(stage.address).post(
        "/api/login", fields, {"Origin": "https://example.net"}
    )
    assert foreign.status == 403
    form = Browserless(stage.address).post(
        "/api/login", fields, {"Content-type": "application/x-www-form-urlencoded"}
    )
    assert form.status == 403
