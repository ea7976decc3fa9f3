"""`vigie eye`: what the eye sees, to look at, on a bench."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.pole_data import pole_data_option
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.eye.film import Film

GROUP_EXAMPLES = """\
\b
Examples:
  vigie eye watch --source file:street.mp4 --site site.toml --data bench --out seen.mp4
  vigie eye watch --source sim:street --site site.toml --data bench --seconds 20 --out seen.mp4
"""
WATCH_EXAMPLES = """\
\b
Examples:
  vigie eye watch --source file:street.mp4 --site site.toml --data bench --out seen.mp4
  vigie eye watch --source v4l2:/dev/video0 --site site.toml --data bench > seen.mkv
\b
Only under a bench mandate: a pole in service shows nobody a picture. A recording is watched at its
own pace. Thin blue-green boxes are what the detector was shown, with how much of the sharpness of
the frame; green boxes are tracks; the bar is the detector's time against its budget.
\b
Exit codes: 0 done, 3 a file cannot be taken, 4 no such file, camera or model, 5 no bench mandate,
6 the source gives no picture.
"""
_PATH = click.Path(path_type=Path)


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def eye() -> None:
    """Watch what the eye sees, on a bench."""


@eye.command(epilog=WATCH_EXAMPLES)
@click.option("--source", required=True, help="What to watch, as a site file's source says it.")
@click.option(
    "--site",
    "site_file",
    type=_PATH,
    default=Path("/etc/vigie/site.toml"),
    show_default=True,
    help="The site file.",
)
@click.option("--camera", help="The site's camera it stands for; the first if left out.")
@pole_data_option
@click.option("--models", type=_PATH, help="Where built models stand.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after so long.")
@click.option("--out", type=_PATH, help="The MP4 to write; left out: Matroska to a pipe.")
def watch(
    *,
    source: str,
    site_file: Path,
    camera: str | None,
    data: Path,
    models: Path | None,
    seconds: float | None,
    out: Path | None,
) -> None:
    """Draw crops, boxes, numbers, zones, events and the budget on what a source shows."""
    from edge.cli.recording import find_camera, load_detector  # noqa: PLC0415
    from edge.clock import SystemClock  # noqa: PLC0415
    from edge.eye.replay import with_source  # noqa: PLC0415 - loads the whole eye
    from edge.eye.watch import Bench, await_bench  # noqa: PLC0415
    from edge.eye.watch import watch as look  # noqa: PLC0415
    from edge.mandate.device_name import read_device  # noqa: PLC0415
    from edge.mandate.gate import Facts  # noqa: PLC0415
    from edge.mandate.places import Places  # noqa: PLC0415
    from edge.mandate.room import MandateRoom  # noqa: PLC0415
    from edge.site.canonical import rules_sha256  # noqa: PLC0415
    from edge.site.check import read_site  # noqa: PLC0415
    from edge.wire.eye_status import ensure_eye_folder  # noqa: PLC0415

    if out is None and sys.stdout.isatty():
        raise click.UsageError("a video is nothing for a terminal: give --out FILE, or a pipe")
    site = read_site(site_file)
    site, chosen = with_source(site, find_camera(site, camera), source)
    ensure_eye_folder(data)
    mandates = MandateRoom(
        Places(data, "eye"), device=read_device(data), clock=SystemClock(), computes=True
    )
    try:
        mandates.set_facts(Facts(rules_sha256(site)))
        await_bench(mandates, chosen.name)
        detector = load_detector(site, models)
        mandates.set_facts(Facts(rules_sha256(site), frozenset({detector.card.sha256})))
        bench = Bench(site, chosen, detector, mandates, seconds)
        with _film(out, chosen.analysis_fps) as film:
            events = look(bench, film.add)
    finally:
        mandates.close()
    voice.say(f"vigie: {len(events)} events")


def _film(out: Path | None, fps: float) -> "AbstractContextManager[Film]":
    from edge.eye.film import Film  # noqa: PLC0415 - loads the encoder

    if out is None:
        return Film.into(sys.stdout.buffer, fps)
    if not out.parent.is_dir() or out.is_dir():
        what = "no video can be written here"
        hint = "Give --out a file's path in a folder that exists, such as seen.mp4."
        raise VigieError(Kind.NOT_FOUND, what, where=str(out), hint=hint)
    return Film.at(out, fps)
