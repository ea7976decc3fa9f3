"""`vigie demo`: the whole path from a picture to the control room on one machine."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import Number
from edge.cli.progress import show_progress
from edge.errors import EXIT_ANSWER_IS_NO, Kind, VigieError

if TYPE_CHECKING:
    from edge.demo.tally import Summary

EXAMPLES = """\
\b
Examples:
  vigie demo --seconds 60 --summary demo.json
  vigie demo --source rtsp://192.0.2.7/stream --site north.toml
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--source",
    default="clip",
    show_default=True,
    help="'clip' (Debian's pedestrian clip), 'sim' (the street simulator), or any source of a "
    "site file: a file's path, rtsp://…, v4l2:/dev/video0.",
)
@click.option("--site", type=click.Path(path_type=Path), help="Site file for your own source.")
@click.option("--seconds", type=Number(min=1), help="Look for this long, then stop.")
@click.option("--summary", type=click.Path(path_type=Path), help="Write the table as JSON.")
@click.option("--page", default="127.0.0.1:7080", show_default=True, help="Address of the page.")
@click.option(
    "--models", type=click.Path(path_type=Path), default=None, help="Folder of built detectors."
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path.home() / ".cache" / "vigie" / "demo",
    help="Folder for the clip, keys and events.",
)
@click.option("--no-clip", is_flag=True, help="Do not ask for the clip of the first event.")
@voice.json_option
@click.pass_obj
def demo(  # noqa: PLR0917 - one parameter an option
    said: voice.Voice,
    source: str,
    site: Path | None,
    seconds: float | None,
    summary: Path | None,
    page: str,
    models: Path | None,
    cache: Path,
    no_clip: bool,
    as_json: bool,
) -> None:
    """Watch real events arrive on a collector, review one on its page, read why it fired.

    Starts a collector, signs a bench mandate, enrols a pole, runs its three rooms on a source,
    shows events as they arrive, and asks for the clip of the first one. Exit code 0 only if
    events arrived, all were acknowledged, and the clip came and is proven.
    """
    from edge.demo.scene import prepare_scene  # noqa: PLC0415 - the demo's cost
    from edge.demo.stage import Play, run_play  # noqa: PLC0415
    from edge.eye.detector.library import default_models_dir  # noqa: PLC0415 - numpy

    if not re.fullmatch(r".+:\d{1,5}", page):
        text = f"'{page}' is no HOST:PORT, such as 127.0.0.1:7080"
        raise click.BadParameter(text, param_hint="'--page'")
    if summary is not None and not summary.parent.is_dir():
        raise VigieError(
            Kind.NOT_FOUND,
            "there is no such folder for the summary",
            where=str(summary.parent),
            hint="Make it first, or give --summary another path.",
        )
    with show_progress(said, "getting the source ready"):
        scene = prepare_scene(source, site, cache, voice.say)
    play = Play(
        site=scene.site,
        source=scene.description,
        state=cache / "state",
        models=models or default_models_dir(),
        seconds=seconds,
        page=page,
        has_clip=not no_clip,
    )
    table = run_play(play, voice.say, voice.print_json if as_json else _show_event)
    if summary is not None:
        summary.write_text(json.dumps(table.as_record(), indent=2) + "\n")
    _show_table(table)
    if not table.events:
        voice.say(f"vigie: no event arrived; what the pole said is in {cache / 'state/pole.log'}")
    if table.clips_expected > len(table.clips):
        voice.say("vigie: the clip did not come; --no-clip leaves it out")
    if not table.is_success:
        raise click.exceptions.Exit(EXIT_ANSWER_IS_NO)


def _show_event(event: dict[str, object]) -> None:
    latency = int(str(event["stored_utc_ms"])) - int(str(event["captured_utc_ms"]))
    click.echo(
        f"{event['number']:>6}  {event['phase']:<6}  {event['rule']:<28} "
        f"{event['class']:<10} {latency:>5} ms"
    )


def _show_table(table: "Summary") -> None:
    voice.say("")
    for rule, count in table.events_by_rule.items():
        voice.say(f"  {rule:<28} {count:>6} events")
    voice.say(f"  {'all rules':<28} {table.events:>6} events, {table.signals} signals")
    video, sent = table.video_bytes, table.event_bytes
    share = f", one byte sent for {video // sent:,} bytes of video" if sent and video else ""
    voice.say(f"  sent {sent:,} bytes of events; {video:,} bytes of video stayed{share}")
    voice.say(f"  the ring holds {table.ring_bytes:,} sealed bytes")
    for clip in table.clips:
        proof = "verified offline" if clip.is_verified else "NOT verified"
        voice.say(
            f"  clip of event {clip.event}: {clip.seconds:g} s, {clip.mp4_bytes:,} bytes, {proof}: "
            f"{clip.mp4}"
        )
    if table.latency_p50_ms is not None:
        voice.say(
            f"  capture to stored: p50 {table.latency_p50_ms} ms, p99 {table.latency_p99_ms} ms"
        )
    for camera in table.cameras:
        cores = camera.cpu_ms / 1000 / max(table.seconds, 1)
        voice.say(
            f"  camera {camera.camera}: {camera.frames_analysed} of {camera.frames_captured} "
            f"frames analysed, {camera.frames_dropped} dropped, {cores:.2f} of a CPU core"
        )
    if table.pending_events:
        voice.say(f"  {table.pending_events} events were not acknowledged in time")
