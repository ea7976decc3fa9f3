"""Mandates, calibration, register, audit and accounts, as the people who need them use them."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from collector.rights import Role
from edge.wire.v1 import session_pb2
from tests.fakes.clip_pole import ClipPole
from tests.fakes.page_stage import (
    BENCH,
    CALIBRATION,
    DEVICE,
    PASSWORD,
    Stage,
    crossing,
    healthy,
)


@pytest.fixture
def mayor(stage: Stage, context: BrowserContext) -> Page:
    """The authority, signed in, on the first view that is hers."""
    page = context.new_page()
    page.goto(stage.invite(Role.AUTHORITY))
    page.get_by_label("Name").fill("mayor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("heading", name="Mandates", exact=True)).to_be_visible()
    return page


def test_the_authority_delivers_a_mandate_and_sees_where_it_holds(
    stage: Stage, mayor: Page, tmp_path: Path
) -> None:
    pole = ClipPole(stage, tmp_path / "pole")
    health = healthy()
    health.mandate_version, health.mandate_reason = 1, "outside_window"
    health.clock_source = "kernel_ntp"
    stage.say_health(health)
    envelope = tmp_path / "mandate-2.json"
    envelope.write_text(pole.deliver_mandate(version=2))
    mayor.reload()
    row = mayor.get_by_role("row", name=DEVICE)
    expect(row).to_contain_text("outside the mandate’s hours")  # noqa: RUF001 - as it is written
    expect(row).to_contain_text("kernel_ntp ± 12 ms")
    first = mayor.locator("article", has_text="Mandate 1")
    expect(first).to_contain_text("mayor, prefect")
    expect(first.locator(".bench")).to_be_visible()
    mayor.locator("input[type=file]").set_input_files(envelope)
    expect(mayor.get_by_role("status")).to_have_text(f"Sent to: {DEVICE}")
    forged = tmp_path / "forged.json"
    forged.write_text(envelope.read_text().replace('"payload": "', '"payload": "AAAA'))
    mayor.locator("input[type=file]").set_input_files(forged)
    expect(mayor.get_by_role("alert")).to_contain_text("0 of the 2 signatures")
    expect(mayor.locator("nav a")).to_have_text(
        ["Mandates", "Poles", "Updates", "Calibration", "Register", "Audit"]
    )


def test_the_authority_reads_an_audit_whose_chain_is_whole(stage: Stage, mayor: Page) -> None:
    mayor.get_by_role("link", name="Audit").click()
    expect(mayor.get_by_role("status")).to_contain_text("lines is whole")
    expect(mayor.get_by_role("row", name="verify audit").first).to_contain_text("account:mayor")


def test_a_register_is_downloaded_for_a_period(stage: Stage, page: Page, tmp_path: Path) -> None:
    stage.deliver(crossing())
    page.get_by_role("link", name="Register").click()
    expect(page.locator("main")).to_contain_text("1 signals")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the signed register").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name.startswith("vigie-register-")
    assert "SHA256SUMS.sig" in zipfile.ZipFile(saved).namelist()


def test_a_calibration_is_judged_and_deleted_and_never_on_the_list(
    stage: Stage, page: Page
) -> None:
    stage.deliver(crossing(), dictionary=CALIBRATION)
    stage.deliver(crossing(rule=3))
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("link", name="Calibration").click()
    page.get_by_role("button", name="Rejected").click()
    expect(page.get_by_role("row", name="fence").first).to_contain_text("100%")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"Delete what {DEVICE} saw").click()
    expect(page.locator(".empty")).to_contain_text("No calibration has seen anything")


def test_a_signal_under_a_bench_mandate_is_marked(stage: Stage, page: Page) -> None:
    stage.deliver(crossing(), dictionary=BENCH)
    expect(page.locator(".row .bench")).to_have_text("BENCH")


def test_a_pole_says_what_it_keeps_and_why_it_sees_nothing(stage: Stage, page: Page) -> None:
    health = healthy()
    health.mandate_reason = "clock_unproven"
    health.ring.CopyFrom(session_pb2.RingStatus(ring_bytes=8_000_000_000, gaps=2))
    stage.say_health(health)
    page.get_by_role("link", name="Poles").click()
    pole = page.locator(".pole")
    expect(pole).to_contain_text("its clock is not proven")
    expect(pole).to_contain_text("Gaps in the ring")


def test_a_supervisor_lets_somebody_in_and_out(stage: Stage, page: Page, browser: Browser) -> None:
    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Make a one-time link").click()
    link = page.get_by_label("One-time link (operator)").input_value()
    other = browser.new_context(locale="en-GB")
    olga = other.new_page()
    olga.goto(link)
    olga.get_by_label("Name").fill("olga")
    olga.get_by_label("Password").fill(PASSWORD)
    olga.get_by_role("button", name="Make account").click()
    expect(olga.locator("nav a")).to_have_text(
        ["Signals", "Clips", "Mandates", "Poles", "Updates", "Precision"]
    )
    page.reload()
    expect(page.get_by_label("One-time link (operator)")).to_have_count(0)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close olga").click()
    expect(page.get_by_role("row", name="olga")).to_contain_text("closed")
    olga.get_by_role("link", name="Poles").click()
    expect(olga.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()
