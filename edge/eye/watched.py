"""One camera of a site, as the eye's loop holds it: capture, analysis, and what came of both."""

from dataclasses import dataclass, replace
from pathlib import Path

from edge.eye.camera import Capture, Lost
from edge.eye.status import CameraReport
from edge.eye.step import Analysis
from edge.site.model import Camera


@dataclass(slots=True)
class Watched:
    """One camera with its capture and its analysis. Changed by the loop only."""

    capture: Capture
    analysis: Analysis
    lost: Lost | None = None
    is_open: bool = False
    frames_analysed: int = 0
    cpu_ns: int = 0

    @property
    def name(self) -> str:
        """The camera's."""
        return self.capture.camera.name

    @property
    def has_ended(self) -> bool:
        """A recording came to its end, and all of it was looked at."""
        return self.capture.is_finished and not self.capture.has_news()

    def report(self) -> CameraReport:
        """What the status says of it."""
        counts = self.capture.get_counts()
        return CameraReport(
            camera=self.name,
            is_open=self.is_open and not self.capture.is_finished,
            frames_captured=counts.frames_captured,
            frames_analysed=self.frames_analysed,
            frames_dropped=max(0, counts.frames_offered - self.frames_analysed),
            video_bytes=counts.video_bytes,
            cpu_ms=counts.child_cpu_ms + self.cpu_ns // 1_000_000,
        )


def beside(camera: Camera, site_file: Path) -> Camera:
    """The camera with a recording's relative path counted from the site file's folder."""
    scheme, _, place = camera.source.partition(":")
    if scheme != "file" or Path(place).is_absolute():
        return camera
    return replace(camera, source=f"file:{site_file.absolute().parent / place}")
