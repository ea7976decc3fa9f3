"""A pole's aiming page in a real browser: picture, zones, a large number, a button; axe clean."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from edge.eye.detector import Library
from edge.eye.detector.library import default_models_dir
from tests.console.test_access import check
from tests.edge.cli.test_doctor import make_token, opened
from tests.fakes.lens import blurred, make_pole, sharp

CLOSED = "The page is closed. Unplug the cable."
HOLD_THE_FIGURES = """() => {
  const ask = window.fetch, later = new Promise(done => { window.letGo = done; });
  window.fetch = async (place, how) => {
    const answer = await ask(place, how);
    if (place !== 'sight') return answer;
    const {round, sights} = await answer.json();
    answer.json = async () => {
      window.isHeld = true;
      await later;
      return {round: round + 1, sights};
    };
    return answer;
  };
}"""


@pytest.mark.parametrize(("lens", "scheme"), [(sharp, "light"), (blurred, "dark")])
def test_a_technician_sees_where_the_camera_looks_and_how_sharp(
    context: BrowserContext, axe: str, tmp_path: Path, lens: object, scheme: str
) -> None:
    models = Library(default_models_dir()).models_dir
    assert callable(lens)
    files = make_pole(tmp_path, models, lens)
    page = context.new_page()
    page.set_viewport_size({"width": 820, "height": 1180})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with opened(files, make_token(files, tmp_path, "token.json")) as (address, _):
        page.goto(address)
        word = "sharp" if lens is sharp else "out of focus: turn the focus ring"
        expect(page.locator(".word")).to_have_text(word)
        expect(page.get_by_role("img")).to_be_visible()
        # Between one picture and the next there is none: each is asked for anew.
        expect(page.locator("img")).to_have_js_property("naturalWidth", 960)
        expect(page.locator("svg text").first).to_have_text("pavement")
        check(page, axe)
        page.screenshot(path=tmp_path / "aiming.png")
        close_with_a_look_under_way(page)
        expect(page.get_by_role("status")).to_have_text(CLOSED)
        expect(page.locator(".camera")).to_be_hidden()


def close_with_a_look_under_way(page: Page) -> None:
    """The figures that were asked for before the button come after the page has closed.

    They tell of an examination, for which an open page would load itself anew.
    """
    page.evaluate(HOLD_THE_FIGURES)
    page.wait_for_function("() => window.isHeld")
    page.get_by_role("button", name="Close the page").click()
    expect(page.get_by_role("status")).to_have_text(CLOSED)
    # What the page does with an answer it has done before the next turn of its loop.
    page.evaluate("() => { letGo(); return new Promise(done => setTimeout(done)); }")


def test_a_button_that_was_not_heard_is_told(context: BrowserContext, tmp_path: Path) -> None:
    files = make_pole(tmp_path, Library(default_models_dir()).models_dir, sharp)
    page = context.new_page()
    with opened(files, make_token(files, tmp_path, "token.json")) as (address, _):
        page.goto(address)
        expect(page.locator(".word")).to_have_text("sharp")
        page.route("**/close", lambda route: route.abort(), times=1)
        page.get_by_role("button", name="Close the page").click()
        expect(page.get_by_role("status")).to_have_text("The pole did not hear it. Press again.")
        page.get_by_role("button", name="Close the page").click()
        expect(page.get_by_role("status")).to_have_text(CLOSED)
