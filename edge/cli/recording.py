"""A recording through the rules of a site, with how far it is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import voice
from edge.cli.progress import show_progress
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.eye.detector import Detector
    from edge.eye.replay import Looked
    from edge.site.model import Camera, SiteFile
    from edge.wire.event import Event


def replay_recording(
    speaker: voice.Voice,
    recording: Path,
    site_file: Path,
    *,
    camera: str | None,
    models: Path | None,
    annotate: Path | None = None,
) -> "list[Event]":
    """All events of a recording in place of a site's camera; annotate: video to write beside it.

    Raises VigieError where the site, the recording or the model cannot be taken.
    """
    from edge.eye.replay import replay_events, with_source  # noqa: PLC0415 - loads the whole eye
    from edge.site.check import read_site  # noqa: PLC0415

    if annotate is not None:
        _check_place(annotate)
    site = read_site(site_file)
    is_scene = str(recording).startswith("sim:")
    source = str(recording) if is_scene else f"file:{recording}"
    site, chosen = with_source(site, find_camera(site, camera), source)
    detector = load_detector(site, models)
    length_ms = None if is_scene else _read_length_ms(recording)
    with show_progress(speaker, f"replaying {recording.name}") as report:
        on_look = _as_report(report, length_ms)
        if annotate is None:
            return replay_events(site, chosen, detector, on_look=on_look)
        from edge.eye.annotate import annotate_replay  # noqa: PLC0415 - loads the encoder

        return annotate_replay(site, chosen, detector, annotate, on_look)


def find_camera(site: "SiteFile", name: str | None) -> "Camera":
    """The site's camera of that name; without one, its first. Raises VigieError(NOT_FOUND)."""
    known = [camera.name for camera in site.cameras]
    if name is not None and name not in known:
        raise VigieError(
            Kind.NOT_FOUND,
            f"the site has no camera '{name}'; it has {', '.join(known)}",
            hint="Name one of them with --camera.",
        )
    return site.cameras[0 if name is None else known.index(name)]


def _check_place(video: Path) -> None:
    """Said before a long replay, not after it."""
    if not video.parent.is_dir() or video.is_dir():
        raise VigieError(
            Kind.NOT_FOUND,
            "no video can be written here: it is a folder"
            if video.is_dir()
            else "no video can be written here: there is no such folder",
            where=str(video),
            hint="Give --annotate a file's path in a folder that exists, such as seen.mp4.",
        )


def _as_report(
    report: Callable[[int, int | None], None], length_ms: int | None
) -> "Callable[[Looked], None]":
    """A replay's times count from its first picture, so they say how far it is."""
    return lambda look: report(look.frame.captured_monotonic_ns // 1_000_000, length_ms)


def load_detector(site: "SiteFile", models: Path | None) -> "Detector":
    """The site's detector. Raises VigieError where it cannot be taken."""
    from edge.eye.detector import Library, load  # noqa: PLC0415 - loads the runtime
    from edge.eye.detector.library import default_models_dir  # noqa: PLC0415

    library = Library(models or default_models_dir())
    return load(library.card(site.detection.model), library)


def _read_length_ms(recording: Path) -> int | None:
    """How long the file says it is; None where it does not, or where the replay will say why."""
    import av  # noqa: PLC0415 - loads FFmpeg

    try:
        with av.open(str(recording)) as container:
            return None if container.duration is None else container.duration // 1000
    except (av.FFmpegError, OSError):
        return None
