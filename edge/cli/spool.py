"""`vigie spool`: what a pole still holds, and whether it is whole."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.pole_data import pole_data_option
from edge.cli.progress import show_progress
from edge.errors import EXIT_CODES, Kind

if TYPE_CHECKING:
    from edge.spool.verify import Held, Report

GROUP_EXAMPLES = """\
\b
Examples:
  vigie spool ls
  vigie spool verify --data pole
"""

LS_EXAMPLES = """\
\b
Examples:
  vigie spool ls
  vigie spool ls --data pole --events --json
\b
Exit codes: 0 listed, 4 there is no spool, 7 the spool is damaged.
"""

VERIFY_EXAMPLES = """\
\b
Examples:
  vigie spool verify
  vigie spool verify --data pole --json
\b
Exit codes: 0 everything is whole, 4 there is no spool, 7 something is damaged.
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def spool() -> None:
    """List and verify the events a pole still holds. Neither changes anything."""


@spool.command(epilog=LS_EXAMPLES)
@pole_data_option
@click.option("--events", "with_events", is_flag=True, help="One line an event, not a batch.")
@voice.json_option
def ls(data: Path, with_events: bool, as_json: bool) -> None:
    """List what waits for the collector's acknowledgement, in order."""
    from edge.spool.places import spool_path  # noqa: PLC0415 - loads protobuf
    from edge.spool.verify import list_held  # noqa: PLC0415

    records = [
        record
        for held in list_held(spool_path(data))
        for record in (_event_records(held) if with_events else [_row_record(held)])
    ]
    if as_json:
        for record in records:
            voice.print_json(record)
    elif records:
        voice.print_table(list(records[0]), [list(record.values()) for record in records])
    else:
        voice.say("nothing waits")


@spool.command(epilog=VERIFY_EXAMPLES)
@pole_data_option
@voice.json_option
@click.pass_context
def verify(ctx: click.Context, data: Path, as_json: bool) -> None:
    """Check every event's checksum and every seq, and name what is missing."""
    from edge.spool.places import spool_path  # noqa: PLC0415 - loads protobuf
    from edge.spool.verify import verify as verify_file  # noqa: PLC0415

    with show_progress(ctx.obj, f"checking {spool_path(data)}"):
        report = verify_file(spool_path(data))
    if as_json:
        voice.print_json(_report_record(report))
    else:
        _say_report(report)
    if not report.is_whole:
        ctx.exit(EXIT_CODES[Kind.DATA_LOSS])


def _row_record(held: "Held") -> dict[str, object]:
    from edge.spool.record import Batch  # noqa: PLC0415

    entry = held.entry
    bodies = entry.bodies if isinstance(entry, Batch) else ()
    events = sum(body is not None for body in bodies)
    return {
        "first_seq": entry.first_seq,
        "last_seq": entry.last_seq,
        "events": events,
        "missing": entry.last_seq - entry.first_seq + 1 - events,
        "captured": _moment(entry.captured_utc_ms),
        "dictionary": entry.dictionary if isinstance(entry, Batch) else 1,
    }


def _event_records(held: "Held") -> list[dict[str, object]]:
    from edge.spool.reading import as_pending, in_pieces  # noqa: PLC0415
    from edge.wire.names import class_name, function_name, phase_name  # noqa: PLC0415

    found = []
    for piece in in_pieces([held.entry], held.entry.first_seq - 1):
        batch = as_pending(piece).batch
        for seq, event in enumerate(batch.events, batch.first_seq):
            rules = held.dictionary.rules if held.dictionary and not event.HasField("gap") else []
            rule = rules[event.rule - 1] if event.rule <= len(rules) else None
            name = "health/spool_gap" if event.HasField("gap") else "?"
            found.append(
                {
                    "seq": seq,
                    "captured": _moment(batch.captured_utc_ms + event.captured_delta_ms),
                    "rule": rule.name if rule else name,
                    "function": function_name(rule.function) if rule else "?",
                    "phase": phase_name(event.phase),
                    "class": class_name(event.object_class),
                    "missing": event.gap.missing,
                }
            )
    return found


def _report_record(report: "Report") -> dict[str, object]:
    return {
        "file": str(report.path),
        "is_whole": report.is_whole,
        "epoch": f"{report.epoch:016x}",
        "acked_seq": report.acked_seq,
        "last_seq": report.last_seq,
        "whole_events": report.whole_events,
        "missing_events": report.missing_events,
        "dropped_events": report.dropped_events,
        "findings": [
            {"what": each.what, "first_seq": each.first_seq, "last_seq": each.last_seq}
            for each in report.findings
        ],
        "set_aside": [str(path) for path in report.set_aside],
    }


def _say_report(report: "Report") -> None:
    for each in report.findings:
        seqs = f"seqs {each.first_seq} to {each.last_seq}: " if each.first_seq else ""
        click.echo(f"{report.path}: {seqs}{each.what}")
    click.echo(
        f"{report.path}: {report.whole_events} events whole, {report.missing_events} missing, "
        f"{report.dropped_events} dropped for the quota; "
        f"seqs {report.acked_seq + 1} to {report.last_seq}, epoch {report.epoch:016x}"
    )
    for path in report.set_aside:
        click.echo(f"{path}: set aside earlier because it was damaged")
    if report.findings:
        voice.say(
            "vigie: the spool is damaged\n"
            "  The device repairs it when it opens it next and reports what is missing; start it "
            "with 'vigie edge run'."
        )


def _moment(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")
