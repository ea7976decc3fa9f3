"""`vigie clip fetch`: a clip with its manifest from the collector, sealed or opened."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.clip_opening import open_clip, read_reader_key
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    open_clip_desk,
    operator_options,
)
from edge.cli.progress import show_progress
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.wire.v1.clip_pb2_grpc import ClipDeskServiceStub

FETCH_EXAMPLES = """\
\b
Examples:
  vigie clip fetch c0123456789abcdef --key control-room.key.pem
  vigie clip fetch c0123456789abcdef --out sealed/ --json
\b
With --key the clip is opened too: an MP4 with its manifest beside it.
"""
MANIFEST_SUFFIX = ".manifest.json"


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
        told = f"vigie clip verify {written} --device-keys FILE --trust FILE"
        voice.say(f"vigie: verify it with '{told}'")


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
