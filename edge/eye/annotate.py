"""A replay to look at: zones, lines, boxes, ways and events drawn on the frames, as MP4."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.picture import rgb_picture
from edge.eye.replay import Looked, replay
from edge.eye.step import Detector
from edge.eye.tracks import Tracks
from edge.site.model import Camera, SiteFile
from edge.wire.event import Event
from edge.wire.names import class_name, phase_name

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

# Red, green, blue. Things that are hidden are drawn in grey, what is found but untracked thin.
_PLACE: Colour = (255, 200, 0)
_SEEN: Colour = (0, 230, 90)
_HIDDEN: Colour = (150, 150, 150)
_FOUND: Colour = (70, 130, 255)
_TOLD: Colour = (255, 60, 60)
_EVENT_LINES = 6
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_TEXT_SCALE = 0.42


def annotate_replay(
    site: SiteFile,
    camera: Camera,
    detector: Detector,
    video: Path,
    on_look: Callable[[Looked], None] = lambda _: None,
) -> list[Event]:
    """Replay as edge.eye.replay does and write what was seen; the events.

    on_look: told of each frame when it has been looked at.
    The video is written beside its name first, so that a failure leaves no half one.
    """
    part = video.with_name(f".{video.stem}.part.mp4")
    events: list[Event] = []
    try:
        with av.open(str(part), "w") as container:
            stream = container.add_stream("libx264", rate=round(camera.analysis_fps))
            for look in replay(site, camera, detector):
                events += look.seen.events
                picture = draw_look(look, site, events)
                if not stream.codec_context.is_open:
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame))
                on_look(look)
            container.mux(stream.encode())
        part.replace(video)
    finally:
        part.unlink(missing_ok=True)
    return events


def draw_look(look: Looked, site: SiteFile, events: list[Event]) -> Picture:
    """One frame with all that was seen, uint8 (height, width, 3) RGB."""
    frame = look.frame
    height_px, width_px = frame.luma.shape
    picture = np.ascontiguousarray(rgb_picture(frame, width_px, height_px))
    _draw_places(picture, site, frame.camera)
    if look.seen.found is not None:
        for box in look.seen.found.boxes_frac:
            _rectangle(picture, box, _FOUND, 1)
    _draw_tracks(picture, look.seen.tracks)
    _draw_events(picture, events, look)
    return picture


def _draw_places(picture: Picture, site: SiteFile, camera: str) -> None:
    for zone in site.zones:
        if zone.camera == camera:
            corners = np.array([_pixel(picture, corner) for corner in zone.polygon_frac], np.int32)
            cv2.polylines(picture, [corners], isClosed=True, color=_PLACE, thickness=1)
            _write(picture, zone.name, _pixel(picture, zone.polygon_frac[0]), _PLACE)
    for line in site.lines:
        if line.camera == camera:
            start, end = _pixel(picture, line.from_frac), _pixel(picture, line.to_frac)
            cv2.arrowedLine(picture, start, end, _PLACE, 2, tipLength=0.03)
            _write(picture, line.name, start, _PLACE)


def _draw_tracks(picture: Picture, tracks: Tracks) -> None:
    for row in range(len(tracks)):
        colour = _SEEN if tracks.is_seen[row] else _HIDDEN
        _rectangle(picture, tracks.boxes_frac[row], colour, 2)
        way = np.array([_pixel(picture, foot) for foot in tracks.way(row)], np.int32)
        cv2.polylines(picture, [way], isClosed=False, color=colour, thickness=1)
        still = " still" if tracks.is_still[row] else ""
        name = class_name(int(tracks.classes[row]))
        label = f"{name} {tracks.numbers[row]} {tracks.scores[row]:.2f}{still}"
        left, top = tracks.boxes_frac[row, :2].tolist()
        _write(picture, label, _pixel(picture, (left, top)), colour)


def _draw_events(picture: Picture, events: list[Event], look: Looked) -> None:
    latest = events[-_EVENT_LINES:]
    for line, event in enumerate(latest):
        text = f"{event.rule} {phase_name(event.phase)} #{event.incident}"
        is_new = event in look.seen.events
        _write(picture, text, (8, 20 + 16 * line), _TOLD if is_new else _PLACE)
        if is_new and event.box is not None:
            _rectangle(picture, np.array(event.box, np.float32), _TOLD, 3)


def _rectangle(
    picture: Picture, box_frac: npt.NDArray[np.float32], colour: Colour, thick: int
) -> None:
    left, top, right, bottom = box_frac.tolist()
    start, end = _pixel(picture, (left, top)), _pixel(picture, (right, bottom))
    cv2.rectangle(picture, start, end, colour, thick)


def _write(picture: Picture, text: str, place: tuple[int, int], colour: Colour) -> None:
    (width_px, height_px), below_px = cv2.getTextSize(text, _FONT, _TEXT_SCALE, 1)
    left, base = place
    end = (left + width_px, base + below_px)
    cv2.rectangle(picture, (left, base - height_px), end, (0, 0, 0), cv2.FILLED)
    cv2.putText(picture, text, place, _FONT, _TEXT_SCALE, colour, 1, cv2.LINE_AA)


def _pixel(picture: Picture, point: tuple[float, float]) -> tuple[int, int]:
    height_px, width_px = picture.shape[:2]
    return round(point[0] * width_px), round(point[1] * height_px)
