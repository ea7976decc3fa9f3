"""A night in the control room: arrive, see, judge, take back, ask why; all by keyboard."""

from playwright.sync_api import BrowserContext, Page, expect

from edge.wire.v1 import event_pb2
from tests.console.conftest import sign_up
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import PASSWORD, Stage, crossing, presence


def test_a_one_time_link_opens_the_page_once(stage: Stage, context: BrowserContext) -> None:
    link = stage.invite()
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("alert")).to_contain_text("the password has 5 characters")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("No signal yet")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".account")).to_have_text("ana")


def test_a_signal_arrives_by_itself_and_one_incident_stays_one_row(
    stage: Stage, page: Page
) -> None:
    stage.deliver(presence(event_pb2.PHASE_START, 1000))
    row = page.get_by_role("option")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Intrusion")
    expect(row).to_contain_text("ongoing")
    expect(row).to_contain_text("400 ms")
    expect(page.locator("[aria-live]")).to_have_text("New signal: Intrusion yard")
    stage.deliver(presence(event_pb2.PHASE_END, 9000, back=1))
    expect(row).to_contain_text("9.0 s")
    expect(row).to_have_count(1)


def test_the_newest_stands_on_top_and_a_late_one_looks_late(stage: Stage, page: Page) -> None:
    stage.deliver(crossing())
    stage.deliver(crossing(rule=3), age_ms=65_000)
    rows = page.get_by_role("option")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Loitering")
    expect(rows.first.locator(".late")).to_have_text("1 min 5 s")
    expect(rows.last.locator(".late")).to_have_count(0)


def test_review_and_undo_need_only_keys(stage: Stage, page: Page) -> None:
    stage.deliver(crossing(), crossing(), crossing())
    rows = page.get_by_role("option")
    expect(rows).to_have_count(3)
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("c")
    expect(rows.nth(0)).to_contain_text("Confirmed")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(rows.nth(1)).to_contain_text("Rejected")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("u")
    expect(rows.nth(2)).to_contain_text("Unsure")
    expect(page.locator(".actions")).to_contain_text("0 to review")
    page.keyboard.press("z")
    expect(page.locator(".actions")).to_contain_text("1 to review")
    page.keyboard.press("z")
    expect(rows.nth(1)).not_to_contain_text("Rejected")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(rows.nth(0)).to_contain_text("Confirmed")
    expect(page.locator(".actions")).to_contain_text("2 to review")


def test_enter_tells_why_it_fired_and_says_so_in_the_audit(stage: Stage, page: Page) -> None:
    stage.deliver(crossing())
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary")
    expect(panel.locator(".sentence")).to_contain_text("crosses")
    expect(panel).to_contain_text("± 12 ms")
    expect(panel).to_contain_text("direction")
    expect(panel.locator("svg .box")).to_have_count(1)
    expect(panel.locator("svg circle")).to_have_count(5)
    lines = stage.run(stage.core.services.audit.list_lines(0, 100))
    assert [line.thing for line in lines if line.action == "read event"] == ["1"]
    page.get_by_role("button", name="FR").click()
    expect(panel.locator(".sentence")).to_contain_text("franchit")
    expect(page.get_by_role("heading", name="Pourquoi ce signal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel.locator(".sentence")).to_have_count(0)


def test_a_note_is_text_whatever_it_says(stage: Stage, page: Page) -> None:
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>"
    stage.deliver(crossing())
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("n")
    page.get_by_label("Note for the record").fill(nasty)
    page.get_by_role("button", name="Rejected").click()
    expect(page.locator(".reviews q")).to_have_text(nasty)
    assert page.locator("img").count() == 0
    assert page.title() == "Signals · Vigie"


def test_a_verdict_of_one_operator_shows_at_the_other_s(
    stage: Stage, context: BrowserContext, page: Page
) -> None:
    stage.deliver(crossing())
    other = context.new_page()
    other.goto(stage.address)
    expect(other.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("c")
    expect(other.get_by_role("option")).to_contain_text("Confirmed")


def test_a_verdict_that_did_not_arrive_is_shown_as_not_saved(stage: Stage, page: Page) -> None:
    stage.deliver(crossing())
    row = page.get_by_role("option")
    expect(row).to_have_count(1)
    page.route("**/review", lambda route: route.abort())
    page.keyboard.press("c")
    expect(row).to_contain_text("not saved")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The collector does not answer")
    page.unroute("**/review")
    page.get_by_role("button", name="Try again").click()
    expect(row).to_contain_text("Confirmed")


def test_a_silent_collector_makes_the_page_stale(stage: Stage, context: BrowserContext) -> None:
    page = context.new_page()
    page.clock.install()
    sign_up(page, stage)
    stage.deliver(crossing())
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    stage.stop_page()
    page.clock.fast_forward(15_000)
    expect(page.get_by_role("alert")).to_contain_text("The collector has not been heard for")
    expect(page.locator(".shell.stale .feed")).to_contain_text("Stale")
    expect(page.locator(".rows")).to_have_css("opacity", "0.55")


def test_a_session_that_ends_asks_to_sign_in(stage: Stage, clock: FakeClock, page: Page) -> None:
    stage.deliver(crossing())
    expect(page.get_by_role("option")).to_have_count(1)
    clock.advance(3 * 3600)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
