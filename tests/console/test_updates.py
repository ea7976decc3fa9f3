"""The page of rollouts, as a technician, a supervisor and an operator use it."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from collector.rights import Role
from collector.updates.states import State
from tests.fakes.page_stage import PASSWORD, Stage
from tests.fakes.rollouts import put_rollout

POLES = {"north": State.COMMITTED, "yard": State.RETURNED, "gate": State.FETCHING}


@pytest.fixture
def technician(stage: Stage, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(stage.invite(Role.TECHNICIAN))
    page.get_by_label("Name").fill("tom")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("heading", name="Mandates", exact=True)).to_be_visible()
    return page


def test_a_rollout_shows_its_waves_and_each_poles_reason_in_three_languages(
    stage: Stage, technician: Page
) -> None:
    put_rollout(stage, POLES)
    technician.get_by_role("link", name="Updates").click()
    card = technician.locator("article")
    expect(card).to_contain_text("Rollout 1")
    expect(card).to_contain_text("0.2.0 · rpi")
    expect(card).to_contain_text("mon-fri 09:00-16:00")
    expect(card.get_by_role("row", name="1 (canary)")).to_contain_text("1")
    card.get_by_text("Show the poles").click()
    row = card.get_by_role("row", name="yard")
    expect(row).to_contain_text("went back")
    expect(row).to_contain_text("analysed no frame in time")
    technician.get_by_role("button", name="FR", exact=True).click()
    expect(row).to_contain_text("aucune image analysée à temps")
    technician.get_by_role("button", name="ES", exact=True).click()
    expect(row).to_contain_text("no analizó ninguna imagen a tiempo")


def test_halting_asks_once_more_and_says_why_it_stands(stage: Stage, technician: Page) -> None:
    put_rollout(stage, POLES)
    technician.get_by_role("link", name="Updates").click()
    technician.get_by_role("button", name="Halt rollout 1").click()
    dialog = technician.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing more is offered")
    dialog.get_by_role("button", name="Cancel").click()
    expect(technician.locator("article .chip").first).to_have_text("running")
    technician.get_by_role("button", name="Halt rollout 1").click()
    dialog.get_by_label("Reason").fill("a festival")
    dialog.get_by_role("button", name="Halt rollout 1").click()
    card = technician.locator("article", has_text="Rollout 1")
    expect(card).to_contain_text("halted")
    expect(card).to_contain_text("a festival")
    technician.get_by_role("button", name="Go on with 1").click()
    dialog.get_by_role("button", name="Go on with 1").click()
    expect(card).to_contain_text("running")
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    said = [(line.action, line.who) for line in lines if line.thing == "1"]
    assert said == [("halt rollout", "account:tom"), ("resume rollout", "account:tom")]


def test_a_supervisor_may_halt_and_not_go_on(stage: Stage, page: Page) -> None:
    put_rollout(stage, POLES)
    page.get_by_role("link", name="Updates").click()
    page.get_by_role("button", name="Halt rollout 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Halt rollout 1").click()
    expect(page.locator("article")).to_contain_text("halted by hand")
    expect(page.get_by_role("button", name="Go on with 1")).to_have_count(0)


def test_without_a_rollout_the_page_says_how_one_begins(stage: Stage, technician: Page) -> None:
    technician.get_by_role("link", name="Updates").click()
    expect(technician.locator(".empty")).to_contain_text("vigie update push")


def test_a_thousand_poles_are_shown_and_read_well(stage: Stage, technician: Page, axe: str) -> None:
    put_rollout(stage, {f"pole-{number:04}": State.WAITING for number in range(1000)} | POLES)
    technician.get_by_role("link", name="Updates").click()
    technician.get_by_text("Show the poles").click()
    expect(technician.get_by_role("row", name="pole-0999")).to_be_visible()
    technician.evaluate(axe)
    found = technician.evaluate("() => axe.run()")
    assert [each["id"] for each in found["violations"]] == []
    technician.get_by_role("button", name="Halt rollout 1").click()
    found = technician.evaluate("() => axe.run()")
    assert [each["id"] for each in found["violations"]] == []
