"""The eye's second program: looks at one camera for an acceptance, or shows it for aiming.

`python -m edge.eye.look --site FILE --data DIR --models DIR --camera NAME`, started by root's
`vigie doctor` under the eye's user and behind its walls, while the eye itself rests: a pole in
service has no door through which a picture could leave. It speaks on stdout (`edge/wire/look.py`)
and ends with its pipe. Nobody is looked for and no still is made without the mandate's permit.
"""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from edge.clock import SystemClock
from edge.errors import Kind, VigieError
from edge.eye.attention import sweep_looks
from edge.eye.attention.places import places_of
from edge.eye.camera.opening import open_source
from edge.eye.camera.preparation import Preparation
from edge.eye.camera.recording import Replay, pictures
from edge.eye.camera.source import CameraError, Packet, Picture, StreamFormat, load_address
from edge.eye.detector import Library, load
from edge.eye.frame import Frame
from edge.eye.sharpness import measure_sight
from edge.eye.standing import read_standing
from edge.eye.step import Analysis, Detector, canvas_of
from edge.eye.trial import time_detector
from edge.eye.watched import beside
from edge.mandate.device_name import read_device
from edge.mandate.gate import Facts
from edge.mandate.places import Places
from edge.mandate.room import MandateRoom
from edge.site.canonical import rules_sha256
from edge.site.check import read_site
from edge.site.model import Camera, SiteFile
from edge.wire.eye_status import ensure_eye_folder
from edge.wire.look import Aim, Look, Walker, write_aim, write_look
from edge.wire.v1 import event_pb2

SIGHT_FRAMES = 8
AIM_FPS = 4.0
AIM_FRAMES = 4
_ENOUGH_WALKERS = 8
_LEAST_SCORE = 0.5
# What is cut off by the picture's edge says nothing of its height; what is wide does not stand.
_EDGE_FRAC = 0.01
_LEAST_TALLNESS = 1.6
_JPEG_QUALITY = 80
_NS = 1_000_000_000


@dataclass(slots=True)
class _Format:
    """Remembers what the packets are, and lets them go."""

    codec: str = ""

    def begin(self, stream: StreamFormat) -> None:
        self.codec = stream.codec

    def take(self, packet: Packet) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Asked:
    """seconds: of looking for pace and sharpness; as long again for somebody who walks."""

    seconds: float
    is_still_wanted: bool


@dataclass(slots=True)
class _Stay:
    """What came of looking so far."""

    frames: int = 0
    begun_ns: int = 0
    ended_ns: int = 0
    size_px: tuple[int, int] = (0, 0)
    chosen: list[Frame] = field(default_factory=list)
    walkers: list[Walker] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, say it, end; the exit code."""
    asked = _parse(arguments)
    cv2.setNumThreads(1)
    try:
        site = read_site(asked.site)
        camera = beside(_find(site, asked.camera), asked.site)
        if asked.aim:
            _aim(camera)
        else:
            wanted = _Asked(asked.seconds, asked.still)
            look = _Looking(site, camera, asked.data, asked.models).look(wanted)
            sys.stdout.buffer.write(write_look(look))
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        # Who asked is gone; what is left in the buffer has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


class _Looking:
    """One camera under the pole's own mandate, as the eye would look at it."""

    def __init__(self, site: SiteFile, camera: Camera, data: Path, models: Path) -> None:
        library = Library(models)
        self._site, self._camera = site, camera
        self._detector = load(library.card(site.detection.model), library)
        ensure_eye_folder(data)
        self._clock = SystemClock()
        self._mandates = MandateRoom(
            Places(data, "eye"), device=read_device(data), clock=self._clock, computes=True
        )
        card = self._detector.card
        self._mandates.set_facts(Facts(rules_sha256(site), frozenset({card.sha256})))

    def look(self, asked: _Asked) -> Look:
        """All figures. What keeps the camera from giving pictures is one of them."""
        p50_us, p95_us = time_detector(self._detector)
        stay, kept = _Stay(), _Format()
        failure = hint = ""
        try:
            self._watch(asked.seconds, stay, kept)
            self._search(asked.seconds, stay)
        except CameraError as error:
            failure, hint = error.what, error.hint or ""
        self._mandates.poll()
        permit = self._mandates.permit(self._camera.name)
        standing = read_standing(self._mandates, [self._camera.name])
        self._mandates.close()
        look = Look(
            camera=self._camera.name,
            failure=failure,
            hint=hint,
            model=self._detector.card.name,
            detector_p50_us=p50_us,
            detector_p95_us=p95_us,
            unseen=permit.reason.value if permit.reason else "",
            walkers=tuple(stay.walkers),
            clock_source=standing.clock_source,
            clock_error_ms=standing.clock_error_ms,
        )
        if not stay.chosen:
            return replace(look, failure=failure or "not one picture came")
        is_still = asked.is_still_wanted and permit.may_record
        return replace(
            look,
            width_px=stay.size_px[0],
            height_px=stay.size_px[1],
            codec=kept.codec,
            frames=stay.frames,
            period_ms=(stay.ended_ns - stay.begun_ns) // 1_000_000,
            sweep_looks=self._sweep_looks(stay.chosen[-1]),
            sight=measure_sight([each.luma for each in stay.chosen], self._camera.masks),
            still_jpeg=_jpeg(stay.chosen[-1]) if is_still else b"",
        )

    def _sweep_looks(self, frame: Frame) -> int:
        if self._site.detection.looks == "whole":
            return 0
        places = places_of(self._site, self._camera.name)
        return sweep_looks(canvas_of(self._detector), places, frame.size_px)

    def _watch(self, seconds: float, stay: _Stay, kept: _Format) -> None:
        """Count every picture; keep the last few that analysis would take."""
        preparation = Preparation(self._camera)
        for picture in _paced(self._camera, kept):
            now_ns = time.monotonic_ns()
            # The first picture only starts the watch: what it took to open is no pace.
            stay.begun_ns = stay.begun_ns or now_ns
            stay.frames += now_ns > stay.begun_ns
            stay.ended_ns, stay.size_px = now_ns, (picture.width_px, picture.height_px)
            if preparation.chooses(now_ns):
                frame = preparation.make_frame(picture, stay.frames, time.time_ns(), now_ns)
                stay.chosen = [*stay.chosen[1 - SIGHT_FRAMES :], frame]
                self._mandates.poll()
            if now_ns - stay.begun_ns >= seconds * _NS:
                return

    def _search(self, seconds: float, stay: _Stay) -> None:
        """Look for people who stand or walk, where the mandate lets the eye."""
        if not self._mandates.permit(self._camera.name).holds(time.monotonic_ns()):
            return
        detector: Detector = self._detector
        analysis = Analysis(self._site, self._camera.name, detector, itertools.count(1))
        preparation = Preparation(self._camera)
        ends_ns = time.monotonic_ns() + round(seconds * _NS)
        for picture in _unpaced(self._camera):
            now_ns = time.monotonic_ns()
            if now_ns >= ends_ns or len(stay.walkers) >= _ENOUGH_WALKERS:
                return
            if not preparation.chooses(picture.stream_ns):
                continue
            frame = preparation.make_frame(picture, 0, time.time_ns(), now_ns)
            self._mandates.poll()
            seen = analysis.step(frame, self._mandates.permit(self._camera.name))
            aspect = frame.source_height_px / frame.source_width_px
            if seen.found is not None:
                for box, score, word in zip(
                    seen.found.boxes_frac, seen.found.scores, seen.found.classes, strict=True
                ):
                    if word == event_pb2.OBJECT_CLASS_PERSON and score >= _LEAST_SCORE:
                        stay.walkers += _walker(box.tolist(), aspect)


def _walker(box_frac: Sequence[float], aspect: float) -> list[Walker]:
    """One who is seen from head to foot, or nobody. aspect: of the frame, height by width."""
    left, top, right, bottom = box_frac
    is_whole = min(left, top) > _EDGE_FRAC and max(right, bottom) < 1 - _EDGE_FRAC
    if not is_whole or (bottom - top) * aspect < _LEAST_TALLNESS * (right - left):
        return []
    figures = ((left + right) / 2, bottom, bottom - top)
    return [Walker(*(round(1000 * figure) for figure in figures))]


def _aim(camera: Camera) -> None:
    """Show pictures until nobody reads them any more."""
    slow = replace(camera, analysis_fps=min(AIM_FPS, camera.analysis_fps))
    preparation = Preparation(slow)
    recent: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []
    for picture in _paced(slow, _Format()):
        now_ns = time.monotonic_ns()
        if preparation.chooses(now_ns):
            frame = preparation.make_frame(picture, 0, time.time_ns(), now_ns)
            recent = [*recent[1 - AIM_FRAMES :], frame.luma]
            aim = Aim(measure_sight(recent, camera.masks), _jpeg(frame))
            sys.stdout.buffer.write(write_aim(aim))
            sys.stdout.buffer.flush()


def _paced(camera: Camera, kept: _Format) -> Iterator[Picture]:
    """Pictures as they come; a recording's at its own pace, again from its beginning."""
    address = load_address(camera.source)
    if not address.is_replayable:
        yield from _live(camera, kept)
        return
    begun_ns = time.monotonic_ns()
    for picture in pictures(camera, Replay(0, is_looped=True), kept):
        time.sleep(max(0, begun_ns + picture.stream_ns - time.monotonic_ns()) / _NS)
        yield picture


def _unpaced(camera: Camera) -> Iterator[Picture]:
    address = load_address(camera.source)
    if address.is_replayable:
        yield from pictures(camera, Replay(0, is_looped=True))
    else:
        yield from _live(camera, _Format())


def _live(camera: Camera, kept: _Format) -> Iterator[Picture]:
    source = open_source(load_address(camera.source), kept)
    try:
        yield from source.pictures()
    finally:
        source.close()


def _jpeg(frame: Frame) -> bytes:
    height = frame.luma.shape[0]
    planes = (frame.luma, frame.chroma_u, frame.chroma_v)
    stacked = np.concatenate([plane.reshape(-1) for plane in planes])
    i420 = stacked.reshape(height * 3 // 2, -1)
    bgr = cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420)
    ok, packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise VigieError(Kind.INTERNAL, "the picture could not be packed as JPEG")
    return packed.tobytes()


def _find(site: SiteFile, name: str) -> Camera:
    for camera in site.cameras:
        if camera.name == name:
            return camera
    raise VigieError(Kind.NOT_FOUND, f"the site has no camera '{name}'")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, required=True, help="the site file")
    parser.add_argument("--data", type=Path, required=True, help="the pole's state")
    parser.add_argument("--models", type=Path, required=True, help="the models directory")
    parser.add_argument("--camera", required=True, help="which camera")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long to look")
    parser.add_argument("--still", action="store_true", help="add one picture, if allowed")
    parser.add_argument("--aim", action="store_true", help="show pictures until the pipe ends")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
