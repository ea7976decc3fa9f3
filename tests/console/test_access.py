"""axe-core on every view, in light and dark, wide and as a tablet: no serious finding."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from collector.rights import Role
from edge.wire.v1 import event_pb2
from tests.console.conftest import sign_up
from tests.fakes.clip_pole import ClipPole
from tests.fakes.page_stage import CALIBRATION, PASSWORD, Stage, crossing, healthy, presence

RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


VIEWS = (
    "/", "/clips", "/mandates", "/devices", "/precision", "/calibration", "/register", "/accounts",
    "/account",
)  # fmt: skip


def check(page: Page, axe: str) -> None:
    """No serious or critical violation on what is shown now."""
    page.evaluate(axe)
    found = page.evaluate(RUN)
    assert [
        (each["id"], [node["html"][:160] for node in each["nodes"]])
        for each in found
        if each["impact"] in {"serious", "critical"}
    ] == []


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", {"width": 1280, "height": 800}), ("dark", {"width": 820, "height": 1180})],
)
def test_every_view_is_accessible(
    stage: Stage, context: BrowserContext, axe: str, scheme: str, size: dict[str, int]
) -> None:
    stage.deliver(crossing(), crossing(), presence(event_pb2.PHASE_START, 900))
    stage.deliver(crossing(rule=3), age_ms=70_000, clock_error_ms=None)
    stage.say_health(healthy())
    page = context.new_page()
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    page.goto(stage.address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    check(page, axe)
    page.goto(stage.invite())
    expect(page.get_by_role("heading", name="Make your account")).to_be_visible()
    check(page, axe)
    sign_up(page, stage)
    for key, verdict in (("c", "Confirmed"), ("r", "Rejected"), ("u", "Unsure")):
        page.keyboard.press(key)
        expect(page.locator("[aria-selected=true]")).to_contain_text(verdict)
        page.keyboard.press("j")
    page.keyboard.press("n")
    expect(page.locator(".sentence")).to_be_visible()
    check(page, axe)
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page, axe)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Poles").click()
    expect(page.get_by_role("heading", name="pole-7")).to_be_visible()
    check(page, axe)
    page.get_by_role("link", name="Precision").click()
    expect(page.get_by_role("row", name="fence")).to_be_visible()
    check(page, axe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_road_of_a_clip_is_accessible(
    stage: Stage, context: BrowserContext, axe: str, tmp_path: Path, scheme: str
) -> None:
    pole = ClipPole(stage, tmp_path / "pole")
    stage.deliver(crossing())
    page = context.new_page()
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    sign_up(page, stage)
    page.locator(".row").first.click()
    page.get_by_role("button", name="Ask for a clip").click()
    check(page, axe)
    page.get_by_label("Reason").fill("a person was pushed, see the report")
    page.get_by_label("Case").fill("2026-0042")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".panel .clip-state")).to_contain_text("On its way to the pole")
    pole.bring()
    expect(page.locator(".panel .chip")).to_have_text("Ready")
    check(page, axe)
    page.locator("input[type=file]").set_input_files(pole.key_file(tmp_path))
    page.get_by_role("button", name="Open the clip").click()
    expect(page.locator(".mark.right")).to_be_visible()
    page.get_by_text("What was proven").click()
    page.get_by_text("Legal hold").click()
    check(page, axe)


@pytest.mark.parametrize("look", [("light", "EN"), ("dark", "FR")])
def test_the_office_is_accessible(
    stage: Stage, context: BrowserContext, axe: str, tmp_path: Path, look: tuple[str, str]
) -> None:
    scheme, lang = look
    ClipPole(stage, tmp_path / "pole")
    stage.deliver(crossing(), dictionary=CALIBRATION)
    stage.deliver(crossing())
    stage.say_health(healthy())
    for role, views in (
        (Role.SUPERVISOR, ("calibration", "register", "accounts")),
        (Role.AUTHORITY, ("mandates", "audit")),
    ):
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        context.clear_cookies()
        page.goto(stage.invite(role))
        page.get_by_role("button", name=lang, exact=True).click()
        page.locator("input[name=name]").fill(role.value)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("button[type=submit]").click()
        page.locator(".account").wait_for()
        for view in views:
            page.goto(f"{stage.address}/{view}")
            page.locator("main.wide :is(table, .sheet)").first.wait_for()
            check(page, axe)


def test_nothing_is_wider_than_the_screen(stage: Stage, page: Page) -> None:
    stage.deliver(crossing(), presence(event_pb2.PHASE_START, 900))
    stage.deliver(crossing(), dictionary=CALIBRATION)
    stage.say_health(healthy())
    for width in (768, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in VIEWS:
            page.goto(stage.address + path)
            page.get_by_role("link", name="Signals").wait_for()
            overflow = "() => document.documentElement.scrollWidth - innerWidth"
            assert page.evaluate(overflow) <= 0, (path, width)
