"""The road of a clip in a browser: asked for, come, opened with a key that stays here, proven."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from playwright.sync_api import Browser, BrowserContext, Page, expect

from collector.accounts import STEPPED_UP_MS
from collector.rights import Role
from edge.evidence.sealed import Sealer, open_sealed
from edge.wire.v1 import session_pb2
from tests.console.conftest import sign_up
from tests.fakes.clip_pole import ClipPole, SealedClip
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import PASSWORD, Stage, crossing

REFUSAL = "the ring holds nothing of north then; the nearest is 14:02:10 to 14:31:00"
PICTURE = """
async () => {
  const video = document.querySelector("video");
  const found = new Promise((done) => video.addEventListener("seeked", done, {once: true}));
  // Sought is one thing, and a picture that can be drawn another that may come later.
  const shown = new Promise((done) => video.requestVideoFrameCallback(done));
  video.currentTime = 0.5;
  await Promise.all([found, shown]);
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const corner = canvas.getContext("2d").getImageData(canvas.width - 2, canvas.height - 2, 1, 1);
  return {width: video.videoWidth, seconds: video.duration, corner: corner.data[0]};
}
"""


@pytest.fixture
def pole(stage: Stage, tmp_path: Path) -> ClipPole:
    return ClipPole(stage, tmp_path / "pole")


def ask(page: Page, *, kind: str = "Clip", case: str = "2026-0042") -> None:
    """From the newest signal to a request on its way."""
    fill(page, kind=kind, case=case)
    expect(page.locator(".panel .clip-state")).to_contain_text("On its way to the pole")


def fill(page: Page, *, kind: str = "Clip", case: str = "2026-0042") -> None:
    """Say what is wished for, and ask."""
    page.locator(".row").first.click()
    page.get_by_role("button", name="Ask for a clip").click()
    page.get_by_role("radio", name=kind).check()
    page.get_by_label("Reason").fill("a person was pushed, see the report")
    page.get_by_label("Case").fill(case)
    page.get_by_role("button", name="Ask", exact=True).click()


def choose_key(page: Page, key: Path) -> None:
    page.locator("input[type=file]").set_input_files(key)
    page.get_by_role("button", name="Open the clip").click()


def test_a_clip_is_asked_for_opened_and_proven_in_the_browser(
    stage: Stage, pole: ClipPole, page: Page, tmp_path: Path
) -> None:
    stage.deliver(crossing())
    ask(page)
    panel = page.locator(".panel")
    expect(panel).to_contain_text("On its way to the pole")
    pole.bring()
    expect(panel.locator(".chip")).to_have_text("Ready")
    expect(panel.locator(".bench").first).to_have_text("BENCH")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    key = pole.key_file(tmp_path)
    choose_key(page, key)
    expect(page.locator(".mark.right")).to_contain_text("Proven: this is what pole-7 recorded")
    expect(page.locator(".mark.right")).to_contain_text("all 3 fragments are whole")
    seen = page.evaluate(PICTURE)
    assert (seen["width"], round(seen["seconds"])) == (128, 6)
    assert abs(seen["corner"] - 60) <= 6
    expect(page.locator(".screen .bench")).to_be_visible()
    secret = key.read_text().splitlines()[1]
    assert all(secret not in each for each in sent)
    lines = stage.run(stage.core.services.audit.list_lines(0, 1000))
    assert ("account:ana", "open clip") in [(line.who, line.action) for line in lines]


def reseal(folder: Path, clip: SealedClip, pole: ClipPole, mp4: bytes) -> None:
    """What somebody with the collector's disk and the reader's public key can do."""
    target = io.BytesIO()
    sealer = Sealer(target, clip.clip, {pole.reader.keyid: pole.reader.raw})
    sealer.write(mp4)
    sealer.finish()
    (folder / "collector" / "clips" / f"{clip.clip}.sealed").write_bytes(target.getvalue())


def test_the_first_wrong_fragment_is_named_and_nothing_is_called_proven(
    stage: Stage, pole: ClipPole, page: Page, tmp_path: Path
) -> None:
    stage.deliver(crossing())
    ask(page)
    clip = pole.bring()
    mp4 = bytearray(b"".join(open_sealed(io.BytesIO(clip.sealed), pole.reader.private)))
    second = clip.cut.header.size_bytes + clip.cut.fragments[0].size_bytes
    mp4[second + 5] ^= 1
    mp4[-1] ^= 1
    reseal(tmp_path, clip, pole, bytes(mp4))
    expect(page.locator(".panel .chip")).to_have_text("Ready")
    choose_key(page, pole.key_file(tmp_path))
    mark = page.locator(".mark.wrong")
    expect(mark).to_contain_text("Not proven")
    expect(mark).to_contain_text("Fragment 2/3 is not what the pole signed")
    expect(mark).to_contain_text("Ring number 2")
    expect(page.locator(".mark.right")).to_have_count(0)


def test_a_fragment_in_another_s_place_is_recognised(
    stage: Stage, pole: ClipPole, page: Page, tmp_path: Path
) -> None:
    stage.deliver(crossing())
    ask(page)
    clip = pole.bring()
    mp4 = b"".join(open_sealed(io.BytesIO(clip.sealed), pole.reader.private))
    first, dropped, *_ = clip.cut.fragments
    begins = clip.cut.header.size_bytes + first.size_bytes
    reseal(tmp_path, clip, pole, mp4[:begins] + mp4[begins + dropped.size_bytes :])
    expect(page.locator(".panel .chip")).to_have_text("Ready")
    choose_key(page, pole.key_file(tmp_path))
    expect(page.locator(".mark.wrong")).to_contain_text("2/3 ← 3")


def test_a_key_with_a_passphrase_and_a_key_of_somebody_else(
    stage: Stage, pole: ClipPole, page: Page, tmp_path: Path
) -> None:
    stage.deliver(crossing())
    ask(page)
    pole.bring()
    expect(page.locator(".panel .chip")).to_have_text("Ready")
    page.locator("input[type=file]").set_input_files(
        pole.key_file(tmp_path, passphrase="a long sentence")
    )
    page.get_by_label("Passphrase of the key").fill("a guess")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("alert")).to_contain_text("does not open this key")
    page.get_by_label("Passphrase of the key").fill("a long sentence")
    page.get_by_role("button", name="Unlock").click()
    page.get_by_role("button", name="Open the clip").click()
    expect(page.locator(".mark.right")).to_be_visible()
    page.reload()
    choose_key(page, pole.key_file(tmp_path, X25519PrivateKey.generate()))
    expect(page.get_by_role("alert")).to_contain_text("not sealed to your key")


def test_a_still_is_the_same_road(stage: Stage, pole: ClipPole, page: Page, tmp_path: Path) -> None:
    stage.deliver(crossing())
    ask(page, kind="Still")
    pole.bring()
    expect(page.locator(".panel .chip")).to_have_text("Ready")
    choose_key(page, pole.key_file(tmp_path))
    expect(page.locator(".mark.right")).to_be_visible()
    assert page.evaluate(PICTURE)["width"] == 128


def test_progress_shows_and_a_refusal_says_why(stage: Stage, pole: ClipPole, page: Page) -> None:
    stage.deliver(crossing())
    ask(page)
    ((command, request),) = pole.take_requests()
    clip = pole.make_clip(command, request)
    pole.offer(clip)
    pole.upload(clip, 0, 4000)
    expect(page.locator(".panel progress")).to_have_attribute("value", "4000")
    pole.upload(clip, 4000)
    expect(page.locator(".panel .chip")).to_have_text("Ready")
    page.get_by_role("link", name="Signals").click()
    ask(page, case="2026-0043")
    ((command, _),) = [each for each in pole.take_requests() if each[1].case == "2026-0043"]
    pole.answer(command, session_pb2.ANSWER_CODE_REFUSED, REFUSAL)
    expect(page.locator(".panel .failure")).to_contain_text(REFUSAL)
    page.get_by_role("button", name="2026-0043", exact=True).click()
    expect(page.get_by_role("heading", name="Case 2026-0043")).to_be_visible()
    expect(page.locator(".clip-row")).to_have_count(1)
    page.get_by_role("button", name="All clips").click()
    expect(page.locator(".clip-row")).to_have_count(2)


def test_a_long_clip_waits_for_a_second_person_who_agrees(
    stage: Stage, pole: ClipPole, page: Page, browser: Browser
) -> None:
    stage.deliver(crossing(), age_ms=3_600_000)
    page.locator(".row").first.click()
    page.get_by_role("button", name="Ask for a clip").click()
    page.get_by_label("Reason").fill("a person was pushed, see the report")
    page.get_by_label("Case").fill("2026-0042")
    begins = datetime.fromisoformat(page.get_by_label("From").input_value())
    page.get_by_label("To", exact=True).fill(f"{begins + timedelta(minutes=9):%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".panel .chip")).to_have_text("Waits for a second person")
    expect(page.get_by_role("button", name="Agree as the second person")).to_have_count(0)
    other = browser.new_context(locale="en-GB")
    sue = other.new_page()
    sign_up(sue, stage, "sue")
    sue.get_by_role("link", name="Clips").click()
    sue.get_by_role("button", name="Agree as the second person").click()
    expect(sue.locator(".panel .chip")).to_have_text("On its way to the pole")
    expect(page.locator(".panel")).to_contain_text("account:sue")
    other.close()


def test_the_person_is_proven_again_before_a_request(
    stage: Stage, pole: ClipPole, page: Page, clock: FakeClock
) -> None:
    stage.deliver(crossing())
    clock.advance(STEPPED_UP_MS / 1000)
    fill(page)
    proof = page.get_by_role("dialog", name="Is it still you?")
    proof.get_by_label("Password").fill("a guess at the sentence")
    proof.get_by_role("button", name="It is me").click()
    expect(proof.get_by_role("alert")).to_contain_text("the name or the password is wrong")
    proof.get_by_label("Password").fill(PASSWORD)
    proof.get_by_role("button", name="It is me").click()
    expect(page.locator(".panel")).to_contain_text("On its way to the pole")
    assert len(pole.take_requests()) == 1


def test_a_role_sees_its_own_views_only(stage: Stage, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(stage.invite(Role.TECHNICIAN))
    page.get_by_label("Name").fill("theo")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    expect(page.locator("nav a")).to_have_text(["Mandates", "Poles", "Updates", "Calibration"])


def test_a_clip_is_held_beyond_its_day(stage: Stage, pole: ClipPole, page: Page) -> None:
    stage.deliver(crossing())
    ask(page)
    pole.bring()
    page.get_by_text("Legal hold").click()
    page.get_by_label("By which order").fill("order 12/2026")
    page.get_by_label("Until the end of").fill(f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}")
    page.get_by_role("button", name="Hold this clip").click()
    expect(page.locator(".panel .facts")).to_contain_text("Held until")
