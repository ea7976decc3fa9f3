"""`vigie vault`: what the sealed ring of a pole holds, and whether it is whole."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.pole_data import pole_data_option
from edge.cli.progress import show_progress
from edge.cli.vault_audit import audit
from edge.errors import EXIT_CODES, Kind, VigieError

if TYPE_CHECKING:
    from edge.vault.findings import CameraReport, Report
    from edge.vault.index import GapRow
    from edge.vault.reader import RingReader

GROUP_EXAMPLES = """\
\b
Examples:
  vigie vault ls --data /var/lib/vigie/pole
  vigie vault verify --data /var/lib/vigie/pole
"""

LS_EXAMPLES = """\
\b
Examples:
  vigie vault ls --data /var/lib/vigie/pole
  vigie vault ls --data /var/lib/vigie/pole --camera north --gaps --json
\b
Exit codes: 0 listed, 4 there is no ring or no such camera, 5 not your ring, 7 it is damaged.
"""

VERIFY_EXAMPLES = """\
\b
Examples:
  vigie vault verify --data /var/lib/vigie/pole
  vigie vault verify --data /var/lib/vigie/pole --headers --json
\b
Exit codes: 0 everything is whole, 4 there is no ring, 5 not your ring, 7 something is damaged.
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[audit])
def vault() -> None:
    """List and verify the sealed video a pole holds. Neither changes anything or shows a picture.

    Both read what only the vault's user and root may read, beside a running vault too.
    """


@vault.command(epilog=LS_EXAMPLES)
@pole_data_option
@click.option("--camera", help="Of this camera only.")
@click.option("--fragments", "shows_fragments", is_flag=True, help="One line a fragment.")
@click.option("--gaps", "shows_gaps", is_flag=True, help="One line a stretch that is missing.")
@voice.json_option
def ls(
    data: Path, camera: str | None, shows_fragments: bool, shows_gaps: bool, as_json: bool
) -> None:
    """List what the ring holds, camera by camera, and what is missing in it."""
    if shows_fragments and shows_gaps:
        raise click.UsageError("give --fragments or --gaps, not both")
    from edge.vault.places import VaultPlaces  # noqa: PLC0415 - sqlite3
    from edge.vault.reader import RingReader  # noqa: PLC0415 - cryptography

    with RingReader(VaultPlaces(data)) as reader:
        cameras = reader.cameras()
        if camera is not None and camera not in cameras:
            raise VigieError(
                Kind.NOT_FOUND,
                f"the ring holds nothing of a camera '{camera}'",
                where=str(data),
                hint=f"It holds: {', '.join(cameras) or 'nothing'}.",
            )
        records = [
            record
            for each in cameras
            if camera in (None, each)
            for record in _records(reader, each, fragments=shows_fragments, gaps=shows_gaps)
        ]
    if as_json:
        for record in records:
            voice.print_json(record)
    elif records:
        cells = [["" if cell is None else cell for cell in each.values()] for each in records]
        voice.print_table(list(records[0]), cells)
    else:
        voice.say("nothing is missing" if shows_gaps else "nothing is held")


@vault.command(epilog=VERIFY_EXAMPLES)
@pole_data_option
@click.option("--headers", "only_headers", is_flag=True, help="Check the chain, open no seal.")
@voice.json_option
@click.pass_context
def verify(ctx: click.Context, data: Path, only_headers: bool, as_json: bool) -> None:
    """Check every header, seal and row of the ring, and name each damage and each gap."""
    from edge.vault.places import VaultPlaces  # noqa: PLC0415 - sqlite3
    from edge.vault.verify import verify as verify_ring  # noqa: PLC0415 - cryptography

    places = VaultPlaces(data)
    with show_progress(ctx.obj, f"checking {places.vault}", "bytes") as progress:
        report = verify_ring(places, progress, opens_seals=not only_headers)
    if as_json:
        voice.print_json(_report_record(report))
    else:
        _say_report(report)
    if not report.is_whole:
        ctx.exit(EXIT_CODES[Kind.DATA_LOSS])


def _records(
    reader: "RingReader", camera: str, *, fragments: bool, gaps: bool
) -> list[dict[str, object]]:
    if gaps:
        return [_gap_record(each) for each in reader.gaps(camera)]
    if fragments:
        return [
            {
                "camera": camera,
                "seq": each.seq,
                "from": _moment(each.first_utc_ns),
                "to": _moment(each.last_utc_ns),
                "clock_error_ms": each.clock_error_ms,
                "bytes": each.bytes,
                "segment": each.segment,
            }
            for each in reader.entries(camera)
        ]
    span, (count, stored_bytes) = reader.span(camera), reader.totals(camera)
    return [
        {
            "camera": camera,
            "from": _moment(span[0]) if span else None,
            "to": _moment(span[1]) if span else None,
            "fragments": count,
            "bytes": stored_bytes,
            "gaps": len(reader.gaps(camera)),
            "keys": len(reader.days(camera)),
        }
    ]


def _gap_record(row: "GapRow") -> dict[str, object]:
    return {
        "camera": row.camera,
        "after_seq": row.after_seq,
        "from": _moment(row.from_utc_ns),
        "to": None if row.to_utc_ns is None else _moment(row.to_utc_ns),
        "reason": row.gap.reason.word,
        "lost_fragments": row.gap.lost_fragments,
    }


def _report_record(report: "Report") -> dict[str, object]:
    return {
        "vault": str(report.path),
        "ring": report.directory_id,
        "is_running": report.is_running,
        "is_whole": report.is_whole,
        "cameras": [
            {
                "camera": each.camera,
                "fragments": each.fragments,
                "opened_fragments": each.opened_fragments,
                "bytes": each.stored_bytes,
                "from": None if each.oldest_utc_ns is None else _moment(each.oldest_utc_ns),
                "to": None if each.newest_utc_ns is None else _moment(each.newest_utc_ns),
                "days": each.days,
                "gaps": [_gap_record(gap) for gap in each.gaps],
            }
            for each in report.cameras
        ],
        "findings": [
            {"where": each.where, "what": each.what, "is_damage": each.is_damage}
            for each in report.findings
        ],
    }


def _say_report(report: "Report") -> None:
    for each in report.findings:
        click.echo(f"{each.where}: {each.what}")
    for found in report.cameras:
        for gap in found.gaps:
            click.echo(f"camera {found.camera}: {_gap_sentence(gap)}")
    for found in report.cameras:
        click.echo(f"camera {found.camera}: {_camera_sentence(found)}")
    if not report.cameras:
        click.echo(f"{report.path}: the ring is empty")
    if not report.is_whole:
        voice.say(
            "vigie: the ring is damaged\n"
            "  What is named above cannot be read; all else can. A start of the vault rebuilds a "
            "damaged index."
        )


def _gap_sentence(row: "GapRow") -> str:
    until = "until now" if row.to_utc_ns is None else f"to {_moment(row.to_utc_ns)}"
    lost = f", {row.gap.lost_fragments} fragments lost" if row.gap.lost_fragments else ""
    return (
        f"gap after fragment {row.after_seq}, {_moment(row.from_utc_ns)} {until}: "
        f"{row.gap.reason.word}{lost}"
    )


def _camera_sentence(found: "CameraReport") -> str:
    if found.oldest_utc_ns is None or found.newest_utc_ns is None:
        return "no fragments"
    return (
        f"{found.fragments} fragments, {found.opened_fragments} opened, "
        f"{found.stored_bytes / 1e6:.1f} MB, {_moment(found.oldest_utc_ns)} to "
        f"{_moment(found.newest_utc_ns)}, {len(found.gaps)} gaps"
    )


def _moment(utc_ns: int) -> str:
    from edge.vault.places import moment_text  # noqa: PLC0415 - sqlite3

    return moment_text(utc_ns)
