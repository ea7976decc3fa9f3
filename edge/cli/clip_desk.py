"""`vigie clip list|approve|hold`: what the control room does with clips that were asked for."""

import time
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.clip_record import ClipOutput, moment_of, record_of, state_of
from edge.cli.nouns import WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    open_clip_desk,
    operator_options,
)

LIST_EXAMPLES = """\
\b
Examples:
  vigie clip list
  vigie clip list --case 2026-0042 --json
"""
APPROVE_EXAMPLES = """\
\b
Examples:
  vigie clip approve c0123456789abcdef
  vigie clip approve c0123456789abcdef --json
"""
HOLD_EXAMPLES = """\
\b
Examples:
  vigie clip hold c0123456789abcdef --reason "order 12/2026" --days 90
  vigie clip hold c0123456789abcdef --reason "order 12/2026" --days 365 --json
"""


@click.command("list", epilog=LIST_EXAMPLES)
@click.option("--case", default="", help="Only of this case.")
@click.option("--clip", "name", default="", help="Only this one.")
@click.option(
    "--limit", type=WholeNumber(1, 500), default=100, show_default=True, help="At most this many."
)
@operator_options
@voice.json_option
def list_clips(  # noqa: PLR0917 - one parameter an option
    case: str,
    name: str,
    limit: int,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """List clips, the newest first, and what became of each."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    wanted = clip_pb2.ListClipsRequest(case=case, clip=name, limit=limit)
    with open_clip_desk(Access(data, collector, identity)) as desk:
        found = desk.ListClips(wanted, timeout=ANSWER_WITHIN_SECONDS).clips
    if as_json:
        for clip in found:
            voice.print_json(record_of(clip))
        return
    voice.print_table(
        ("clip", "camera", "from (UTC)", "seconds", "case", "asked by", "state", "message"),
        [
            (
                clip.clip,
                f"{clip.device}/{clip.camera}",
                moment_of(clip.from_utc_ms),
                f"{(clip.to_utc_ms - clip.from_utc_ms) / 1000:.0f}",
                clip.case,
                clip.requester,
                state_of(clip),
                clip.message,
            )
            for clip in found
        ],
    )


@click.command(epilog=APPROVE_EXAMPLES)
@click.argument("name", metavar="CLIP")
@operator_options
@voice.json_option
def approve(name: str, data: Path, collector: str, identity: Path | None, as_json: bool) -> None:
    """Agree, as the second person, to a clip that waits for one."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    asked = clip_pb2.ApproveClipRequest(clip=name)
    with open_clip_desk(Access(data, collector, identity)) as desk:
        approved = desk.ApproveClip(asked, timeout=ANSWER_WITHIN_SECONDS).clip
    ClipOutput(as_json).show(approved)


@click.command(epilog=HOLD_EXAMPLES)
@click.argument("name", metavar="CLIP")
@click.option("--reason", required=True, help="By whose order; stands in the audit.")
@click.option("--days", type=WholeNumber(1, 1826), required=True, help="For so many days.")
@operator_options
@voice.json_option
def hold(  # noqa: PLR0917 - one parameter an option
    name: str,
    reason: str,
    days: int,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Keep a copy of a clip under a legal hold, with a clock of its own."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    until_utc_ms = time.time_ns() // 1_000_000 + days * 86_400_000
    wanted = clip_pb2.HoldClipRequest(clip=name, reason=reason, until_utc_ms=until_utc_ms)
    with open_clip_desk(Access(data, collector, identity)) as desk:
        held = desk.HoldClip(wanted, timeout=ANSWER_WITHIN_SECONDS).clip
    ClipOutput(as_json).show(held)
