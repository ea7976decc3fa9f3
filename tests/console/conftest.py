"""Debian's Chromium before a real page. One browser for a file, one context for each test.

Playwright's own event loop runs in this thread while a browser is open, so these tests share a
worker with no other while it is: they are one group, and the browser closes after each file.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import PASSWORD, Stage

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group("console"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"needs {CHROMIUM}: apt install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(utc_ns=time.time_ns())


@pytest.fixture
def stage(tmp_path: Path, clock: FakeClock) -> Iterator[Stage]:
    with Stage(tmp_path / "collector", clock) as stage:
        yield stage


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A person's browser. Errors on its console fail the test: the policy's walls speak there."""
    errors: list[str] = []
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Europe/Paris"
    )
    context.set_default_timeout(PATIENCE_MS)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda said: errors.append(said.text) if _is_fault(said) else None)
    yield context
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def axe(repository: Path) -> str:
    """The source of axe-core, from the page's locked packages."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm to install axe-core")
    build = repository / "tools" / "page_build"
    subprocess.run([sys.executable, build, "--install"], check=True, timeout=240)
    return (repository / ".cache/page/node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture
def page(stage: Stage, context: BrowserContext) -> Page:
    """Signed in as ana by a one-time link, on the list of signals."""
    page = context.new_page()
    sign_up(page, stage)
    return page


def _is_fault(said: ConsoleMessage) -> bool:
    """Our own faults; that a request was refused or unanswered is what some tests are about."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


def sign_up(page: Page, stage: Stage, name: str = "ana") -> None:
    page.goto(stage.invite())
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    page.locator(".signals").wait_for()
    page.locator(".empty:not([aria-busy=true]), .row").first.wait_for()
