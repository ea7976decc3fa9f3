"""Asking for a clip of any camera, and a clip that no browser holds."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from edge.wire.v1 import session_pb2
from tests.console.conftest import sign_up
from tests.console.test_access import check
from tests.fakes.clip_pole import ClipPole
from tests.fakes.page_stage import Stage, crossing

REFUSAL = (
    "the ring has nothing of this time; the nearest it has is "
    "2026-11-21 13:02:10 to 2026-11-21 13:31:00 UTC"
)
SUMMER_BEGINS = "2026-03-29T03:10:00"


@pytest.fixture
def pole(stage: Stage, tmp_path: Path) -> ClipPole:
    return ClipPole(stage, tmp_path / "pole")


@pytest.fixture
def far(browser: Browser, stage: Stage, pole: ClipPole) -> Iterator[Page]:
    """Somebody who works in Lima, for cameras in Paris; on the list of clips."""
    context = browser.new_context(locale="en-GB", timezone_id="America/Lima")
    page = context.new_page()
    sign_up(page, stage)
    page.get_by_role("link", name="Clips").click()
    yield page
    context.close()


def fill(page: Page, begins: str, ends: str) -> None:
    page.get_by_label("From").fill(begins)
    page.get_by_label("To", exact=True).fill(ends)
    page.get_by_label("Reason").fill("theft of a bicycle, see the report")
    page.get_by_label("Case").fill("2026-0043")


def ask(page: Page) -> None:
    page.get_by_role("button", name="Ask", exact=True).click()


def test_a_clip_of_a_camera_is_asked_for_in_the_time_of_its_site(
    far: Page, pole: ClipPole, axe: str
) -> None:
    far.get_by_role("button", name="Ask for a clip").click()
    dialog = far.get_by_role("dialog")
    expect(dialog.get_by_label("Camera")).to_contain_text("north · pole-7")
    expect(dialog).to_contain_text("Times where the camera stands: Europe/Paris")
    check(far, axe)
    fill(far, SUMMER_BEGINS, "2026-03-29T03:10:30")
    ask(far)
    expect(far.locator(".panel .chip")).to_have_text("On its way to the pole")
    ((command, request),) = pole.take_requests()
    begins = datetime(2026, 3, 29, 1, 10, tzinfo=UTC)
    assert request.from_utc_ms == begins.timestamp() * 1000
    assert request.to_utc_ms - request.from_utc_ms == 30_000
    assert (request.camera, request.event, request.case) == ("north", None, "2026-0043")
    pole.answer(command, session_pb2.ANSWER_CODE_REFUSED, REFUSAL)
    expect(far.locator(".panel .failure")).to_contain_text(REFUSAL)


def test_a_picture_of_a_camera_needs_one_time_only(far: Page, pole: ClipPole) -> None:
    far.get_by_role("button", name="Ask for a clip").click()
    far.get_by_role("radio", name="Still").check()
    expect(far.get_by_label("To", exact=True)).to_have_count(0)
    far.get_by_label("From").fill(SUMMER_BEGINS)
    far.get_by_label("Reason").fill("theft of a bicycle, see the report")
    far.get_by_label("Case").fill("2026-0043")
    ask(far)
    expect(far.locator(".panel .chip")).to_have_text("On its way to the pole")
    ((_, request),) = pole.take_requests()
    assert (request.kind, request.from_utc_ms) == ("still", request.to_utc_ms)


def test_what_may_not_be_asked_is_said_in_the_form(far: Page, pole: ClipPole) -> None:
    far.get_by_role("button", name="Ask for a clip").click()
    fill(far, "2026-03-29T03:10:00", "2026-03-29T03:50:00")
    ask(far)
    expect(far.get_by_role("alert")).to_contain_text("40 minutes long, over 30")
    fill(far, "2026-03-29T03:10:00", "2026-03-29T03:19:00")
    ask(far)
    expect(far.locator(".panel .chip")).to_have_text("Waits for a second person")
    assert pole.take_requests() == []


def test_without_a_mandate_there_is_no_camera_to_ask_for(
    far: Page, pole: ClipPole, stage: Stage
) -> None:
    pole.deliver_mandate(version=2, clip_requesters=[])
    far.get_by_role("button", name="Ask for a clip").click()
    expect(far.get_by_role("dialog")).to_contain_text("No mandate in force lets you ask")


def test_a_clip_that_no_browser_holds_comes_with_the_lines_that_open_it(
    stage: Stage, pole: ClipPole, context: BrowserContext, axe: str
) -> None:
    def swell(route: Route) -> None:
        answer = route.fetch()
        clips = json.loads(answer.text())
        for clip in clips["clips"]:
            clip["sealed_bytes"] = clip["stored_bytes"] = 900_000_000
        route.fulfill(response=answer, json=clips)

    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.route("**/api/clips?*", swell)
    page.route("**/api/clips/progress", swell)
    sign_up(page, stage)
    stage.deliver(crossing())
    page.locator(".row").first.click()
    page.get_by_role("button", name="Ask for a clip").click()
    page.get_by_label("Reason").fill("a person was pushed, see the report")
    page.get_by_label("Case").fill("2026-0042")
    ask(page)
    expect(page.locator(".panel .chip")).to_have_text("On its way to the pole")
    clip = pole.bring().clip
    expect(page.locator(".player")).to_contain_text("This clip has 900 MB, more than a browser")
    expect(page.locator("input[type=file]")).to_have_count(0)
    check(page, axe)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".player [role=status]")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == (
        f"vigie clip fetch {clip} --key control-room.key.pem\n"
        f"vigie clip verify {clip}.mp4 --device-keys device-keys.json --trust trust.json"
    )
