"""`vigie clip`: from asking for a clip to opening it and verifying it offline."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.clip_desk import approve, hold, list_clips
from edge.cli.clip_fetch import MANIFEST_SUFFIX, fetch
from edge.cli.clip_opening import open_clip, read_reader_key
from edge.cli.clip_reader import reader
from edge.cli.clip_request import request
from edge.cli.named_files import read_file, unusable
from edge.cli.nouns import NounGroup

if TYPE_CHECKING:
    from edge.evidence.verify import Verdict

GROUP_EXAMPLES = """\
\b
Examples:
  vigie clip request --event 17 --reason "a person was pushed" --case 2026-0042 --wait
  vigie clip verify clip.mp4 --device-keys device-keys.json --trust trust.json
"""

OPEN_EXAMPLES = """\
\b
Examples:
  vigie clip open clip.sealed --key control-room.key.pem
  vigie clip open clip.sealed --key control-room.key.pem --out evidence.mp4
\b
Exit codes: 0 opened, 3 no sealed clip or no key, 4 no such file, 5 not sealed to this key,
7 damaged.
"""

VERIFY_EXAMPLES = """\
\b
Examples:
  vigie clip verify clip.mp4 --device-keys device-keys.json --trust trust.json
  vigie clip verify clip.mp4 --manifest other.json --device-keys device-keys.json \\
    --trust trust.json --json
\b
The trust file is the authority's: get it from there, not with the clip. Its clip key must have
signed the list of device keys, after the clip was cut.
Exit codes: 0 the clip is what the pole recorded, 3 no manifest, 4 no such file, 5 no known pole
signed it or the list is not to be believed, 7 it was changed; the first wrong fragment is named.
"""

_MAX_MANIFEST_BYTES = 245_760


@click.group(
    cls=NounGroup,
    epilog=GROUP_EXAMPLES,
    commands=[request, list_clips, approve, hold, fetch, reader],
)
def clip() -> None:
    """Ask for clips, fetch and open them, verify them offline without any service of ours."""


@clip.command("open", epilog=OPEN_EXAMPLES)
@click.argument("sealed", type=click.Path(path_type=Path))
@click.option(
    "--key", type=click.Path(path_type=Path), required=True, help="The reader's private key, PEM."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to write the MP4; else beside the sealed clip.",
)
@voice.json_option
def open_(sealed: Path, key: Path, out: Path | None, as_json: bool) -> None:
    """Open a sealed clip. What is written is proven whole, but not yet who recorded it."""
    mp4 = out or sealed.with_suffix(".mp4")
    written_bytes = open_clip(sealed, read_reader_key(key), mp4)
    if as_json:
        voice.print_json({"mp4": str(mp4), "mp4_bytes": written_bytes})
        return
    voice.say(
        f"{mp4}: {written_bytes} bytes\n"
        f"  Check whose it is: 'vigie clip verify {mp4} --device-keys FILE --trust FILE'."
    )


@clip.command(epilog=VERIFY_EXAMPLES)
@click.argument("mp4", type=click.Path(path_type=Path))
@click.option(
    "--device-keys",
    type=click.Path(path_type=Path),
    required=True,
    help="The poles' evidence keys, as the collector exports them.",
)
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    required=True,
    help="The authority's trust file: it names the key that signed the list.",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help=f"The clip's manifest; else beside it, ending in {MANIFEST_SUFFIX}.",
)
@voice.json_option
def verify(mp4: Path, device_keys: Path, trust: Path, manifest: Path | None, as_json: bool) -> None:
    """Prove that a clip is what a pole recorded, byte for byte, or name what is wrong first."""
    from edge.evidence.key_list import MAX_FILE_BYTES, verify_list  # noqa: PLC0415
    from edge.evidence.verify import verify_clip  # noqa: PLC0415 - cryptography
    from edge.mandate.trust import MAX_TRUST_BYTES, load_trust  # noqa: PLC0415

    clip_key = load_trust(read_file(trust, MAX_TRUST_BYTES)).clip_key
    listed = verify_list(read_file(device_keys, MAX_FILE_BYTES), clip_key)
    envelope = read_file(manifest or mp4.with_suffix(MANIFEST_SUFFIX), _MAX_MANIFEST_BYTES)
    try:
        with mp4.open("rb") as file:
            verdict = verify_clip(file, envelope, listed.keys)
    except OSError as error:
        raise unusable(error, mp4) from error
    listed.check_age(verdict.manifest.made_utc_ms, verdict.manifest.made_clock_error_ms)
    record = _describe(verdict)
    if as_json:
        voice.print_json(record)
        return
    click.echo(f"{mp4}: this is what {record['device']} recorded, whole and unchanged")
    voice.print_table(("", ""), [(name.replace("_", " "), value) for name, value in record.items()])
    for gap in verdict.manifest.gaps:
        begins, ends = _moment(gap.from_utc_ms), _moment(gap.to_utc_ms)
        click.echo(f"not in the clip: {begins} to {ends} ({gap.reason})")


def _describe(verdict: "Verdict") -> dict[str, object]:
    manifest, key = verdict.manifest, verdict.key
    request = manifest.request
    errors = [piece.clock_error_ms for piece in manifest.fragments]
    proven = [error for error in errors if error is not None]
    return {
        "clip": manifest.clip,
        "device": request.device,
        "camera": request.camera,
        "first_picture": _moment(manifest.fragments[0].first_utc_ms),
        "last_picture": _moment(manifest.fragments[-1].last_utc_ms),
        "clock_error_ms": max(proven) if len(proven) == len(errors) else None,
        "fragments": len(manifest.fragments),
        "gaps": len(manifest.gaps),
        "mandate_profile": manifest.mandate.profile,
        "mandate_version": manifest.mandate.version,
        "case": request.case,
        "reason": request.reason,
        "asked_by": f"{request.operator} ({request.role})",
        "second_person": request.second_person,
        "cut": _moment(manifest.made_utc_ms),
        "evidence_key": key.keyid,
        "device_removed": None if key.removed_utc_ms is None else _moment(key.removed_utc_ms),
    }


def _moment(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")
