"""`vigie rules`: check, draw, explain and replay what a site's rules do."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.errors import EXIT_ANSWER_IS_NO, Kind, VigieError

if TYPE_CHECKING:
    from edge.wire.event import Event

GROUP_EXAMPLES = """\
\b
Examples:
  vigie rules check site.toml
  vigie rules replay recording.mp4 --site site.toml
"""
CHECK_EXAMPLES = """\
\b
Examples:
  vigie rules check site.toml
  vigie rules check site.toml --json
\b
Exit codes: 0 the file is good, 3 it has problems, 4 it does not exist.
"""
DRAW_EXAMPLES = """\
\b
Examples:
  vigie rules draw site.toml --out rules.png
  vigie rules draw site.toml --still recording.mp4 --camera north --out rules.png
"""
EXPLAIN_EXAMPLES = """\
\b
Examples:
  vigie events show 128 --json | vigie rules explain
  vigie rules explain event.json --lang fr
"""
REPLAY_EXAMPLES = """\
\b
Examples:
  vigie rules replay recording.mp4 --site site.toml
  vigie rules replay recording.mp4 --site now.toml --site next.toml --json
\b
Exit codes: 0 done (with two sites: the events are the same), 1 the events differ, 3 a file
cannot be taken, 4 no such file, camera or model.
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def rules() -> None:
    """Check, draw, explain and replay rules."""


@rules.command(epilog=CHECK_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@voice.json_option
def check(file: Path, *, as_json: bool) -> None:
    """List a site's rules as they would be in force, with their versions."""
    from edge.eye.rules.judge import camera_of_rule  # noqa: PLC0415 - loads numpy
    from edge.site.canonical import rule_parameters, rule_version  # noqa: PLC0415
    from edge.site.check import read_site  # noqa: PLC0415

    site = read_site(file)
    records = [
        {
            "rule": rule.name,
            "function": rule.function,
            "camera": camera_of_rule(site, rule),
            "schedule": rule.schedule or "always",
            "version": rule_version(rule, site).hex(),
            "parameters": rule_parameters(rule),
        }
        for rule in site.rules
    ]
    if as_json:
        for record in records:
            voice.print_json(record)
        return
    columns = ("rule", "function", "camera", "schedule", "version")
    voice.print_table(columns, [[record[name] for name in columns] for record in records])


@rules.command(epilog=DRAW_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--still", type=click.Path(path_type=Path), help="Picture or recording beneath.")
@click.option("--camera", help="The camera to draw; the first if left out.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PNG to write.")
def draw(file: Path, *, still: Path | None, camera: str | None, out: Path) -> None:
    """Draw the zones, lines and rules of one camera on a still."""
    from edge.cli.recording import find_camera  # noqa: PLC0415
    from edge.cli.still import read_still, write_png  # noqa: PLC0415 - loads FFmpeg
    from edge.site.check import read_site  # noqa: PLC0415
    from edge.site.draw import draw_site, grid_still  # noqa: PLC0415 - loads OpenCV

    site = read_site(file)
    seen = find_camera(site, camera)
    write_png(out, draw_site(read_still(still) if still else grid_still(), site, seen))


@rules.command(epilog=EXPLAIN_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option(
    "--lang", type=click.Choice(["en", "fr", "es"]), default="en", help="Language of the sentence."
)
def explain(file: Path, *, lang: str) -> None:
    """Say in a sentence why an event fired.

    FILE holds one event as JSON, as 'vigie events show --json' prints it; left out: from stdin.
    """
    from edge.cli.told import EXPLAINABLE, read_told  # noqa: PLC0415 - loads protobuf
    from edge.wire.sentences import explain as sentence  # noqa: PLC0415

    where = "standard input" if str(file) == "-" else str(file)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        told = read_told(json.loads(text), where)
    except OSError as refused:
        kind = Kind.PERMISSION_DENIED if isinstance(refused, PermissionError) else Kind.NOT_FOUND
        what = f"cannot be read: {refused.strerror}"
        raise VigieError(kind, what, where=where, hint=EXPLAINABLE) from refused
    except ValueError as garbage:
        what = "this is no event in JSON"
        raise VigieError(Kind.INVALID_ARGUMENT, what, where=where, hint=EXPLAINABLE) from garbage
    click.echo(sentence(told.event, told.rule, told.model, lang))


@rules.command(epilog=REPLAY_EXAMPLES)
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--site",
    "sites",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A site file; give two to see the difference.",
)
@click.option("--camera", help="The site's camera it stands for; the first if left out.")
@click.option("--models", type=click.Path(path_type=Path), help="Where built models stand.")
@click.option(
    "--annotate", type=click.Path(path_type=Path), help="Write a video with what was seen."
)
@voice.json_option
@click.pass_context
def replay(
    ctx: click.Context,
    *,
    recording: Path,
    sites: tuple[Path, ...],
    camera: str | None,
    models: Path | None,
    annotate: Path | None,
    as_json: bool,
) -> None:
    """Run a recording through the rules and print the events, or two sites' difference."""
    from edge.cli.recording import replay_recording  # noqa: PLC0415

    if len(sites) > 2:
        raise click.UsageError("give one or two site files")
    speaker: voice.Voice = ctx.obj
    first = replay_recording(
        speaker, recording, sites[0], camera=camera, models=models, annotate=annotate
    )
    if len(sites) == 1:
        _print_events([("", event) for event in first], sites, as_json=as_json)
        return
    second = replay_recording(speaker, recording, sites[1], camera=camera, models=models)
    marked = _difference(first, second)
    _print_events(marked, sites, as_json=as_json)
    voice.say(f"vigie: {len(first)} events with {sites[0]}, {len(second)} with {sites[1]}")
    ctx.exit(EXIT_ANSWER_IS_NO if any(mark != "=" for mark, _ in marked) else 0)


def _difference(first: "list[Event]", second: "list[Event]") -> "list[tuple[str, Event]]":
    """Both sites' events in time order: '-' only the first, '+' only the second, '=' both."""
    lefts, rights = [_shown(each) for each in first], [_shown(each) for each in second]
    marked = [("=" if _shown(each) in rights else "-", each) for each in first]
    marked += [("+", each) for each in second if _shown(each) not in lefts]
    return sorted(marked, key=lambda pair: pair[1].captured_utc_ms)


def _shown(event: "Event") -> Mapping[str, object]:
    """What a person compares: not the incident's number, which counts other rules' too."""
    from edge.wire.names import class_name, phase_name  # noqa: PLC0415 - loads protobuf

    return {
        "captured_utc_ms": event.captured_utc_ms,
        "rule": event.rule,
        "phase": phase_name(event.phase),
        "object": class_name(event.object_class),
        "track": event.track,
        "score_percent": event.score_percent,
        "duration_ms": event.duration_ms,
        "measured": event.measured,
        "reason": event.reason,
        "box_frac": None if event.box is None else [round(side, 4) for side in event.box],
    }


def _print_events(
    marked: "list[tuple[str, Event]]", sites: tuple[Path, ...], *, as_json: bool
) -> None:
    if as_json:
        for mark, event in marked:
            record = _told(event, sites[-1] if mark == "+" else sites[0])
            voice.print_json({"difference": mark, **record} if mark else record)
        return
    begun_ms = marked[0][1].captured_utc_ms if marked else 0
    rows = []
    for mark, event in marked:
        shown = _shown(event)
        after = f"{(event.captured_utc_ms - begun_ms) / 1000:+.1f} s"
        names = ("rule", "phase", "object", "track", "duration_ms", "measured")
        cells = ["" if shown[name] is None else shown[name] for name in names]
        rows.append([mark, after, *cells])
    voice.print_table(
        ("", "after the first", "rule", "phase", "object", "track", "lasted ms", "measured"), rows
    )


def _told(event: "Event", site_file: Path) -> dict[str, object]:
    """All that is known of an event, so that 'vigie rules explain' can read it."""
    from edge.cli.told import Told, told_record  # noqa: PLC0415 - loads protobuf
    from edge.eye.dictionary import make_dictionary  # noqa: PLC0415
    from edge.site.check import read_site  # noqa: PLC0415
    from edge.wire.codec import encode_event  # noqa: PLC0415

    site = read_site(site_file)
    rules = make_dictionary(site, None).rules
    rule = next(rule for rule in rules if rule.name == event.rule)
    message = encode_event(event, rule=1, captured_utc_ms=event.captured_utc_ms)
    return {
        "captured_utc_ms": event.captured_utc_ms,
        "incident": event.incident,
        **told_record(Told(message, rule, site.detection.model)),
        "box_frac": _shown(event)["box_frac"],
    }
