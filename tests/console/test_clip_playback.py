"""A clip as the vault cuts it plays in a browser: Chromium shows its pictures at their times."""

import io

import pytest
from playwright.sync_api import BrowserContext, Route

from edge.evidence.sealed import Sealer, open_sealed
from edge.vault.cut import cut_clip, cut_still
from edge.vault.fragment import Gap, GapReason
from tests.fakes.evidence import make_reader
from tests.fakes.footage import BEGINS_NS, Footage, record, record_again

ADDRESS = "http://clip.example/"
PAGE = '<!doctype html><title>clip</title><link rel="icon" href="data:,"><video muted></video>'
LOOK = """
async (looks) => {
  const video = document.querySelector("video");
  const until = (name) => new Promise((done, failed) => {
    video.addEventListener(name, done, {once: true});
    video.addEventListener("error", () => failed(new Error(video.error.message)), {once: true});
  });
  const loaded = until("loadeddata");
  // As the page does with a clip that it has opened itself: from memory, so that it can be sought.
  const clip = await fetch("/clip.mp4");
  video.src = URL.createObjectURL(await clip.blob());
  await loaded;
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const seen = [];
  for (const [moment, brightness] of looks) {
    const sought = until("seeked");
    video.currentTime = moment;
    await sought;
    // Sought is one thing, and a picture that can be drawn another that may come later.
    let corner = NaN;
    for (let redraw = 0; redraw < 600 && !(Math.abs(corner - brightness) <= 6); redraw++) {
      await new Promise(requestAnimationFrame);
      const context = canvas.getContext("2d");
      context.drawImage(video, 0, 0);
      corner = context.getImageData(canvas.width - 2, canvas.height - 2, 1, 1).data[0];
    }
    seen.push(corner);
  }
  return {duration: video.duration, width: video.videoWidth, seen, error: video.error};
}
"""


def _watch(
    context: BrowserContext, mp4: bytes, looks: list[tuple[float, int]]
) -> dict[str, object]:
    def serve(route: Route) -> None:
        if route.request.url.endswith("clip.mp4"):
            route.fulfill(body=mp4, content_type="video/mp4")
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    context.route(f"{ADDRESS}**", serve)
    page = context.new_page()
    page.goto(ADDRESS)
    found = page.evaluate(LOOK, looks)
    assert isinstance(found, dict)
    return found


def _check_seen(found: dict[str, object], brightness: list[int]) -> None:
    seen = found["seen"]
    assert isinstance(seen, list)
    assert seen == pytest.approx(brightness, abs=6)


def _cut(footage: Footage, *, still_ms: int | None = None) -> bytes:
    reader, target = make_reader(), io.BytesIO()
    sealer = Sealer(target, "clip-1", {reader.keyid: reader.raw})
    if still_ms is None:
        cut_clip(footage, footage.headers, sealer)
    else:
        cut_still(footage, footage.headers, BEGINS_NS // 1_000_000 + still_ms, sealer)
    target.seek(0)
    return b"".join(open_sealed(target, reader.private))


def test_a_clip_plays_with_its_pictures_at_their_times(context: BrowserContext) -> None:
    found = _watch(context, _cut(record(8, side_px=128)), [(0.05, 60), (3.05, 90), (6.05, 120)])
    assert found["error"] is None
    assert found["duration"] == 8
    assert found["width"] == 128
    # The drawn corner grows lighter by one a frame, from a grey that is nowhere near black.
    _check_seen(found, [60, 90, 120])


def test_a_clip_with_b_frames_and_a_gap_plays_on_behind_it(context: BrowserContext) -> None:
    footage = record(4, side_px=128, b_frames=2)
    record_again(footage, 4, Gap(GapReason.KILLED, 1), after_s=10, side_px=128, b_frames=2)
    found = _watch(context, _cut(footage), [(3.85, 98), (14.05, 61)])
    assert found["error"] is None
    assert isinstance(found["duration"], int | float)
    assert abs(found["duration"] - 17.9) < 0.35
    _check_seen(found, [98, 61])


def test_a_still_is_shown(context: BrowserContext) -> None:
    found = _watch(context, _cut(record(4, side_px=128), still_ms=2_050), [(0, 80)])
    assert found["error"] is None
    _check_seen(found, [80])
