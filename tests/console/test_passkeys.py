"""Passkeys as people use them: a virtual authenticator in Chromium, at the page's own origin."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from collector.accounts import STEPPED_UP_MS
from collector.rights import Role
from tests.console.test_access import check
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import PASSWORD, Stage, crossing

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def person(stage: Stage, context: BrowserContext) -> Page:
    """Ana with an account, on the page's own origin."""
    page = context.new_page()
    token = stage.invite(Role.SUPERVISOR).removeprefix(stage.address)
    page.goto(stage.origin.text + token)
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    page.locator(".signals").wait_for()
    return page


@pytest.fixture
def authenticator(person: Page, context: BrowserContext) -> Iterator[CDPSession]:
    """A security key that is plugged in and whose user is there."""
    devtools = context.new_cdp_session(person)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    yield devtools
    devtools.detach()


def add(page: Page, name: str = "blue key") -> None:
    page.get_by_role("link", name="ana").click()
    page.get_by_label("Name of the new passkey").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("row", name=name)).to_contain_text("never")


def actions(stage: Stage) -> list[tuple[str, str]]:
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    return [(line.action, line.detail) for line in lines]


def test_a_passkey_is_added_opens_the_page_and_is_removed(
    stage: Stage, person: Page, authenticator: CDPSession
) -> None:
    add(person)
    person.get_by_role("button", name="Add a passkey").click()
    person.get_by_label("Name of the new passkey").fill("the same again")
    person.get_by_role("button", name="Add a passkey").click()
    expect(person.get_by_role("alert")).to_contain_text("registered already")
    person.get_by_role("button", name="Sign out").click()
    person.get_by_role("button", name="Use a passkey").click()
    expect(person.get_by_role("heading", name="Your account: ana")).to_be_visible()
    row = person.get_by_role("row", name="blue key")
    expect(row).not_to_contain_text("never")
    person.on("dialog", lambda dialog: dialog.accept())
    person.get_by_role("button", name="Remove blue key").click()
    expect(row).to_have_count(0)
    person.get_by_role("button", name="Sign out").click()
    person.get_by_role("button", name="Use a passkey").click()
    expect(person.get_by_role("alert")).to_contain_text("this passkey opens no account here")
    said = [action for action, _ in actions(stage)]
    assert said[-1] == "refuse login"
    assert {"register passkey", "remove passkey", "log in"} <= set(said)


def test_a_passkey_proves_before_a_clip_that_it_is_you(
    stage: Stage, person: Page, authenticator: CDPSession, clock: FakeClock
) -> None:
    add(person)
    clock.advance(STEPPED_UP_MS / 1000)
    person.get_by_label("Name of the new passkey").fill("spare")
    person.get_by_role("button", name="Add a passkey").click()
    expect(person.get_by_role("heading", name="Is it still you?")).to_be_visible()
    person.get_by_role("dialog").get_by_role("button", name="Use a passkey").click()
    expect(person.get_by_role("dialog")).to_have_count(0)
    stage.deliver(crossing())
    assert ("step up", "passkey blue key") in actions(stage)


def test_a_passkey_that_does_not_answer_is_said(person: Page, authenticator: CDPSession) -> None:
    person.get_by_role("button", name="Sign out").click()
    person.get_by_role("button", name="Use a passkey").click()
    expect(person.get_by_role("alert")).to_contain_text("No passkey answered")
    person.get_by_label("Name").fill("ana")
    person.get_by_label("Password").fill(PASSWORD)
    person.get_by_role("button", name="Sign in").click()
    expect(person.get_by_role("link", name="ana")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_s_own_account_is_accessible(
    person: Page, authenticator: CDPSession, axe: str, clock: FakeClock, scheme: str
) -> None:
    person.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    add(person)
    check(person, axe)
    clock.advance(STEPPED_UP_MS / 1000)
    person.get_by_label("Name of the new passkey").fill("spare")
    person.get_by_role("button", name="Add a passkey").click()
    expect(person.get_by_role("dialog")).to_be_visible()
    check(person, axe)
    person.get_by_role("button", name="Cancel").click()
    person.get_by_role("button", name="Sign out").click()
    expect(person.get_by_role("button", name="Use a passkey")).to_be_visible()
    check(person, axe)
