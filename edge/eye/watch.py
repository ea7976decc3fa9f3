"""The eye to look at: every frame of a source with all that was seen, under a bench mandate only.

A pole in service shows nobody a picture. This is for a bench: the same gate, crops, detector,
tracker and rules, under the same permit and budget, with what they see drawn. The mandate is asked
for each frame, so what ends it ends the video.
"""

import itertools
import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from edge.eye.annotate import draw_look, write
from edge.eye.budget import Budget
from edge.eye.camera.opening import open_source
from edge.eye.camera.preparation import Preparation
from edge.eye.camera.recording import Replay, pictures
from edge.eye.camera.source import load_address
from edge.eye.frame import Frame
from edge.eye.replay import Looked
from edge.eye.standing import Mandates
from edge.eye.step import Analysis, Detector
from edge.mandate.gate import Permit
from edge.mandate.reason import Reason
from edge.site.model import Camera, SiteFile
from edge.wire.event import Event

BENCH = "bench"
_MANDATE_HINT = "A bench needs a mandate of profile 'bench': vigie mandate new --help"
_HINTS = {
    Reason.CLOCK_UNPROVEN: "The collector proves it: let the pole's link run, 'vigie edge run'.",
    Reason.NO_TRUST: "Enrol the bench as a pole: vigie device enrol --help",
}
# How long the collector's answer may take, and how often the question is looked after meanwhile.
_CLOCK_SECONDS, _ASK_SECONDS = 10.0, 1.0
_NS = 1_000_000_000
_INK, _FULL, _PAPER = (255, 255, 255), (90, 220, 220), (40, 40, 40)
_BAR_PX, _BAR_WIDTH_PX = 14, 220
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Bench:
    """What is watched, and with what. seconds: for so long; None: to the end."""

    site: SiteFile
    camera: Camera
    detector: Detector
    mandates: Mandates
    seconds: float | None = None


def watch(bench: Bench, show: Callable[[Picture], None]) -> list[Event]:
    """Look at a source at its own pace and show each frame that was looked at; the events.

    Raises: VigieError PERMISSION_DENIED where no bench mandate allows it, or none does any more;
    CameraError.
    """
    site, camera, mandates = bench.site, bench.camera, bench.mandates
    await_bench(mandates, camera.name)
    analysis = Analysis(site, camera.name, bench.detector, itertools.count(1))
    rate = camera.budget_ms_per_second or site.detection.budget_ms_per_second
    budget, spent = Budget(rate, {camera.name: None}), _Spent(rate)
    events: list[Event] = []
    begun_ns = time.monotonic_ns()
    for frame in _frames(camera, begun_ns):
        now_ns = frame.captured_monotonic_ns
        if bench.seconds is not None and now_ns - begun_ns >= bench.seconds * _NS:
            break
        mandates.poll()
        permit = check_bench(mandates.permit(camera.name))
        most, began = budget.glances(camera.name, now_ns), time.thread_time_ns()
        seen = analysis.step(frame, permit, most_glances=most)
        if seen.glances:
            cost_ns = time.thread_time_ns() - began
            budget.spend(camera.name, cost_ns, len(seen.glances))
            spent.note(now_ns, cost_ns)
        events += seen.events
        picture = draw_look(Looked(frame, seen), site, events)
        spent.draw(picture, now_ns, permit.watermark)
        show(picture)
    return events


def await_bench(mandates: Mandates, camera: str, within_seconds: float = _CLOCK_SECONDS) -> Permit:
    """The permit once the collector has proven the clock, which takes its answer through the link.

    Raises: VigieError PERMISSION_DENIED where it does not in time, or for what waiting does not
    mend.
    """
    deadline = time.monotonic() + within_seconds
    mandates.poll()
    while mandates.permit(camera).reason is Reason.CLOCK_UNPROVEN and time.monotonic() < deadline:
        select.select(mandates.handles, [], [], _ASK_SECONDS)
        mandates.poll()
    return check_bench(mandates.permit(camera))


def check_bench(permit: Permit) -> Permit:
    """The permit, if pictures may be shown under it. Raises: VigieError PERMISSION_DENIED."""
    if permit.reason is not None:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"nothing may be seen on camera '{permit.camera}' now: {permit.reason.sentence}",
            hint=_HINTS.get(permit.reason, _MANDATE_HINT),
        )
    if permit.profile != BENCH:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"pictures are shown under a bench mandate only; this one is of '{permit.profile}'",
            hint="Watch a recording on a bench; a pole in service is aimed with 'vigie doctor'.",
        )
    return permit


class _Spent:
    """The detector's time within the last second, as a bar."""

    def __init__(self, rate_ms: float) -> None:
        self._rate_ms = rate_ms
        self._costs = deque[tuple[int, int]]()

    def note(self, now_ns: int, cost_ns: int) -> None:
        """One frame's looks have cost so much."""
        self._costs.append((now_ns, cost_ns))

    def draw(self, picture: Picture, now_ns: int, watermark: str) -> None:
        """On the picture's lower edge, in place."""
        while self._costs and self._costs[0][0] <= now_ns - _NS:
            self._costs.popleft()
        used_ms = sum(cost for _, cost in self._costs) / 1e6
        height_px = picture.shape[0]
        top, bottom = height_px - _BAR_PX - 8, height_px - 8
        filled = round(min(1.0, used_ms / self._rate_ms) * _BAR_WIDTH_PX)
        cv2.rectangle(picture, (8, top), (8 + _BAR_WIDTH_PX, bottom), _PAPER, cv2.FILLED)
        cv2.rectangle(picture, (8, top), (8 + filled, bottom), _FULL, cv2.FILLED)
        words = f"detector {used_ms:.0f} of {self._rate_ms:g} ms in a second  {watermark}"
        write(picture, words, (16 + _BAR_WIDTH_PX, bottom - 3), _INK)


def _frames(camera: Camera, begun_ns: int) -> Iterator[Frame]:
    """Frames at the source's own pace; a recording's once, from its beginning."""
    preparation = Preparation(camera)
    address = load_address(camera.source)
    if address.is_replayable:
        for number, picture in enumerate(pictures(camera, Replay(0))):
            if preparation.chooses(picture.stream_ns):
                at_ns = begun_ns + picture.stream_ns
                time.sleep(max(0, at_ns - time.monotonic_ns()) / _NS)
                yield preparation.make_frame(picture, number, time.time_ns(), at_ns)
        return
    source = open_source(address, None)
    try:
        for number, picture in enumerate(source.pictures()):
            now_ns = time.monotonic_ns()
            if preparation.chooses(now_ns):
                yield preparation.make_frame(picture, number, time.time_ns(), now_ns)
    finally:
        source.close()
