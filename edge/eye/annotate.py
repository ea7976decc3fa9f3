"""What was seen, to look at: zones, lines, crops, boxes, ways and events drawn on the frames."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.attention import Crop
from edge.eye.film import Film
from edge.eye.frame import Frame
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
_LOOKED: Colour = (90, 220, 220)
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
    """
    events: list[Event] = []
    with Film.at(video, camera.analysis_fps) as film:
        for look in replay(site, camera, detector):
            events += look.seen.events
            film.add(draw_look(look, site, events))
            on_look(look)
    return events


def draw_look(look: Looked, site: SiteFile, events: list[Event]) -> Picture:
    """One frame with all that was seen, uint8 (height, width, 3) RGB."""
    frame = look.frame
    height_px, width_px = frame.luma.shape
    picture = np.ascontiguousarray(rgb_picture(frame, width_px, height_px))
    _draw_places(picture, site, frame.camera)
    for glance in look.seen.glances:
        for crop in glance:
            _draw_crop(picture, crop, frame)
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
            write(picture, zone.name, _pixel(picture, zone.polygon_frac[0]), _PLACE)
    for line in site.lines:
        if line.camera == camera:
            start, end = _pixel(picture, line.from_frac), _pixel(picture, line.to_frac)
            cv2.arrowedLine(picture, start, end, _PLACE, 2, tipLength=0.03)
            write(picture, line.name, start, _PLACE)


def _draw_crop(picture: Picture, crop: Crop, frame: Frame) -> None:
    """What the detector was shown, and how much of its sharpness."""
    sides = np.array(frame.size_px * 2, np.float32)
    edges = np.asarray(np.array(crop.edges_px, np.float32) / sides, np.float32)
    _rectangle(picture, edges, _LOOKED, 1)
    write(picture, f"x{crop.scale:.2g}", _pixel(picture, (edges[0], edges[3])), _LOOKED)


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
        write(picture, label, _pixel(picture, (left, top)), colour)


def _draw_events(picture: Picture, events: list[Event], look: Looked) -> None:
    latest = events[-_EVENT_LINES:]
    for line, event in enumerate(latest):
        text = f"{event.rule} {phase_name(event.phase)} #{event.incident}"
        is_new = event in look.seen.events
        write(picture, text, (8, 20 + 16 * line), _TOLD if is_new else _PLACE)
        if is_new and event.box is not None:
            _rectangle(picture, np.array(event.box, np.float32), _TOLD, 3)


def _rectangle(
    picture: Picture, box_frac: npt.NDArray[np.float32], colour: Colour, thick: int
) -> None:
    left, top, right, bottom = box_frac.tolist()
    start, end = _pixel(picture, (left, top)), _pixel(picture, (right, bottom))
    cv2.rectangle(picture, start, end, colour, thick)


def write(picture: Picture, text: str, place: tuple[int, int], colour: Colour) -> None:
    """Words on black, in place; place: where they begin, on their base line."""
    (width_px, height_px), below_px = cv2.getTextSize(text, _FONT, _TEXT_SCALE, 1)
    left, base = place
    end = (left + width_px, base + below_px)
    cv2.rectangle(picture, (left, base - height_px), end, (0, 0, 0), cv2.FILLED)
    cv2.putText(picture, text, place, _FONT, _TEXT_SCALE, colour, 1, cv2.LINE_AA)


def _pixel(picture: Picture, point: tuple[float, float]) -> tuple[int, int]:
    height_px, width_px = picture.shape[:2]
    return round(point[0] * width_px), round(point[1] * height_px)
