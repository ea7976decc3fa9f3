"""`vigie clip request`: a stretch of a pole's ring, or one picture, for a reason and a case."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.clip_record import ClipOutput
from edge.cli.nouns import WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    open_clip_desk,
    operator_options,
)
from edge.cli.progress import show_progress
from edge.errors import EXIT_ANSWER_IS_NO

if TYPE_CHECKING:
    from edge.wire.v1.clip_pb2 import Clip
    from edge.wire.v1.clip_pb2_grpc import ClipDeskServiceStub

REQUEST_EXAMPLES = """\
\b
Examples:
  vigie clip request --event 17 --reason "a person was pushed" --case 2026-0042 --wait
  vigie clip request --device pole-1 --camera north --from 21:04:00 --to 21:04:30 \\
    --reason "theft of a bicycle" --case 2026-0043
\b
Times: HH:MM[:SS] of today, or YYYY-MM-DDTHH:MM:SS, both local; with an offset or Z as it says.
Exit codes: 0 asked (with --wait: ready), 1 refused or failed, 3 cannot be, 5 not allowed.
"""
POLL_SECONDS = 0.5


@click.command(epilog=REQUEST_EXAMPLES)
@click.option("--event", type=WholeNumber(min=1), help="Number of the event it is about.")
@click.option("--device", default="", help="The pole; not needed with --event.")
@click.option("--camera", default="", help="Its camera; not needed with --event.")
@click.option("--from", "begins", default="", metavar="T", help="Where it begins.")
@click.option("--to", "ends", default="", metavar="T", help="Where it ends.")
@click.option("--still", is_flag=True, help="One picture, at --from.")
@click.option("--reason", required=True, help="Why: at least 8 characters; stands in the audit.")
@click.option("--case", required=True, help="The case's number.")
@click.option("--wait", is_flag=True, help="Wait until the clip is here or refused.")
@operator_options
@voice.json_option
@click.pass_context
def request(
    ctx: click.Context,
    *,
    event: int | None,
    device: str,
    camera: str,
    begins: str,
    ends: str,
    still: bool,
    reason: str,
    case: str,
    wait: bool,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Ask a pole for a stretch of its ring, or for one picture."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    wish = clip_pb2.AskClipRequest(
        device=device,
        camera=camera,
        from_utc_ms=_utc_ms(begins, "--from"),
        to_utc_ms=_utc_ms(ends, "--to"),
        reason=reason,
        case=case,
        event_number=event,
        is_still=still,
    )
    if event is None and not (device and camera and begins and (ends or still)):
        raise click.UsageError("give --event, or --device, --camera, --from and --to")
    output = ClipOutput(as_json)
    with open_clip_desk(Access(data, collector, identity)) as desk:
        asked = desk.AskClip(wish, timeout=ANSWER_WITHIN_SECONDS).clip
        if wait:
            asked = _wait(ctx.obj, desk, asked.clip)
    output.show(asked)
    if asked.state in {clip_pb2.CLIP_STATE_REFUSED, clip_pb2.CLIP_STATE_FAILED}:
        ctx.exit(EXIT_ANSWER_IS_NO)
    if not as_json and not wait:
        voice.say(f"vigie: watch it with 'vigie clip list --clip {asked.clip}'")


def _wait(speaker: voice.Voice, desk: "ClipDeskServiceStub", name: str) -> "Clip":
    """Ask until the clip is here or never will be."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    on_the_way = {
        clip_pb2.CLIP_STATE_REQUESTED,
        clip_pb2.CLIP_STATE_CUTTING,
        clip_pb2.CLIP_STATE_UPLOADING,
    }
    with show_progress(speaker, f"waiting for {name}", "bytes") as tell:
        while True:
            wanted = clip_pb2.ListClipsRequest(clip=name)
            clip = desk.ListClips(wanted, timeout=ANSWER_WITHIN_SECONDS).clips[0]
            if clip.state not in on_the_way:
                return clip
            tell(clip.stored_bytes, clip.sealed_bytes or None)
            time.sleep(POLL_SECONDS)


def _utc_ms(text: str, option: str) -> int:
    """A time as people write it; 0 for none."""
    if not text:
        return 0
    today = datetime.now().astimezone().date()
    try:
        moment = datetime.fromisoformat(f"{today}T{text}" if "-" not in text[:5] else text)
    except ValueError:
        raise click.BadParameter(
            f"'{text}' is no time; write HH:MM:SS or YYYY-MM-DDTHH:MM:SS", param_hint=option
        ) from None
    return round(moment.astimezone(UTC).timestamp() * 1000)
