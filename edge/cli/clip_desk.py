"""`vigie clip request|list|approve|hold|fetch`: what the control room asks about clips."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.clip_opening import open_clip, read_reader_key
from edge.cli.nouns import WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    open_clip_desk,
    operator_options,
)
from edge.cli.progress import show_progress
from edge.errors import EXIT_ANSWER_IS_NO, Kind, VigieError

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
FETCH_EXAMPLES = """\
\b
Examples:
  vigie clip fetch c0123456789abcdef --key control-room.key.pem
  vigie clip fetch c0123456789abcdef --out sealed/ --json
\b
With --key the clip is opened too: an MP4 with its manifest beside it.
"""
POLL_SECONDS = 0.5
MANIFEST_SUFFIX = ".manifest.json"


@dataclass(frozen=True, slots=True)
class _Output:
    """How results are told."""

    as_json: bool

    def show(self, clip: "Clip") -> None:
        """One clip, as a line or an object."""
        if self.as_json:
            voice.print_json(_record(clip))
        else:
            click.echo(f"{clip.clip}  {_state(clip)}" + f": {clip.message}" * bool(clip.message))


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
    output = _Output(as_json)
    with open_clip_desk(Access(data, collector, identity)) as desk:
        asked = desk.AskClip(wish, timeout=ANSWER_WITHIN_SECONDS).clip
        if wait:
            asked = _wait(ctx.obj, desk, asked.clip)
    output.show(asked)
    if asked.state in {clip_pb2.CLIP_STATE_REFUSED, clip_pb2.CLIP_STATE_FAILED}:
        ctx.exit(EXIT_ANSWER_IS_NO)
    if not as_json and not wait:
        voice.say(f"vigie: watch it with 'vigie clip list --clip {asked.clip}'")


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
            voice.print_json(_record(clip))
        return
    voice.print_table(
        ("clip", "camera", "from (UTC)", "seconds", "case", "asked by", "state", "message"),
        [
            (
                clip.clip,
                f"{clip.device}/{clip.camera}",
                _moment(clip.from_utc_ms),
                f"{(clip.to_utc_ms - clip.from_utc_ms) / 1000:.0f}",
                clip.case,
                clip.requester,
                _state(clip),
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
    _Output(as_json).show(approved)


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
    _Output(as_json).show(held)


@click.command(epilog=FETCH_EXAMPLES)
@click.argument("name", metavar="CLIP")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder to write to; else the present one.",
)
@click.option("--key", type=click.Path(path_type=Path), help="Open it with this reader's key.")
@operator_options
@voice.json_option
@click.pass_context
def fetch(
    ctx: click.Context,
    *,
    name: str,
    folder: Path,
    key: Path | None,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Fetch a clip with its manifest, sealed, or opened with a reader's key."""
    private_key = read_reader_key(key) if key is not None else None
    with open_clip_desk(Access(data, collector, identity)) as desk:
        sealed = _fetch(ctx.obj, desk, name, folder)
    written = sealed
    if private_key is not None:
        written = sealed.with_suffix(".mp4")
        open_clip(sealed, private_key, written)
        sealed.unlink()
    # Where 'vigie clip verify' looks for it, sealed or opened.
    manifest = sealed.with_suffix(MANIFEST_SUFFIX)
    if as_json:
        voice.print_json({"clip": name, "file": str(written), "manifest": str(manifest)})
        return
    click.echo(str(written))
    if private_key is not None:
        voice.say(f"vigie: verify it with 'vigie clip verify {written} --device-keys FILE'")


def _fetch(speaker: voice.Voice, desk: "ClipDeskServiceStub", name: str, folder: Path) -> Path:
    """Write the sealed file and its manifest; neither is there before it is whole."""
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    wanted = clip_pb2.ListClipsRequest(clip=name)
    clip = desk.ListClips(wanted, timeout=ANSWER_WITHIN_SECONDS).clips[0]
    sealed = folder / f"{name}.sealed"
    part = sealed.with_name(f"{sealed.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file, show_progress(speaker, f"fetching {name}", "bytes") as tell:
            for answer in desk.FetchClip(clip_pb2.FetchClipRequest(clip=name)):
                file.write(answer.sealed)
                tell(file.tell(), clip.sealed_bytes)
        sealed.with_suffix(MANIFEST_SUFFIX).write_text(clip.manifest)
        part.replace(sealed)
    except OSError as error:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the clip cannot be written: {error.strerror}",
            where=str(error.filename or folder),
            hint="Give a folder that you may write to with --out.",
        ) from error
    return sealed


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


def _moment(utc_ms: int) -> str:
    return f"{datetime.fromtimestamp(utc_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _state(clip: "Clip") -> str:
    from edge.wire.v1 import clip_pb2  # noqa: PLC0415 - loads protobuf

    return clip_pb2.ClipState.Name(clip.state).removeprefix("CLIP_STATE_").lower()


def _record(clip: "Clip") -> dict[str, object]:
    """Everything but the manifest, which 'vigie clip fetch' writes."""
    return {
        "clip": clip.clip,
        "device": clip.device,
        "camera": clip.camera,
        "is_still": clip.is_still,
        "from_utc_ms": clip.from_utc_ms,
        "to_utc_ms": clip.to_utc_ms,
        "reason": clip.reason,
        "case": clip.case,
        "requester": clip.requester,
        "second_person": clip.second_person or None,
        "event_number": clip.event_number if clip.HasField("event_number") else None,
        "state": _state(clip),
        "message": clip.message,
        "requested_utc_ms": clip.requested_utc_ms,
        "sealed_bytes": clip.sealed_bytes,
        "stored_bytes": clip.stored_bytes,
        "expires_utc_ms": clip.expires_utc_ms if clip.HasField("expires_utc_ms") else None,
        "held_until_utc_ms": (
            clip.held_until_utc_ms if clip.HasField("held_until_utc_ms") else None
        ),
        "is_bench": clip.is_bench,
    }
