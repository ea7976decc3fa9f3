"""Poles, metrics, headers and the document itself."""

from typing import cast

from collector.page.headers import HEADERS
from tests.fakes.page_stage import Browserless, Stage, crossing, healthy


def test_a_pole_is_shown_with_what_it_last_said(stage: Stage, ana: Browserless) -> None:
    stage.deliver(crossing())
    stage.say_health(healthy())
    read = ana.get("/api/devices").json()
    (pole,) = cast(list[dict[str, object]], read["devices"])
    assert pole["name"] == "pole-7"
    assert pole["is_connected"] is False
    assert pole["stored_events"] == 1
    health = cast(dict[str, object], pole["health"])
    assert (health["pending_events"], health["temperature_c"]) == (3, 54)
    assert pole["health_utc_ms"] == read["collector_utc_ms"]


def test_metrics_are_for_this_machine(caller: Browserless, stage: Stage) -> None:
    stage.deliver(crossing())
    assert "vigie_events_stored_total 1.0" in caller.get("/metrics").text
    outside = caller.get("/metrics", {"X-Forwarded-For": "192.0.2.7"})
    assert outside.status == 403
    assert "this machine only" in outside.text


def test_health_is_one_word(caller: Browserless) -> None:
    assert caller.get("/healthz").text == "ok\n"


def test_every_answer_carries_the_same_walls(caller: Browserless) -> None:
    for path in ("/", "/devices", "/welcome/x", "/static/page.js", "/api/me", "/api/signals", "/x"):
        answer = caller.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name.lower()] == value, path


def test_the_document_has_nothing_inline_and_nothing_from_elsewhere(caller: Browserless) -> None:
    document = caller.get("/").text
    assert "<script>" not in document
    assert "style=" not in document
    assert "http" not in document.replace("https://", "http://").replace('charset="utf-8"', "")
