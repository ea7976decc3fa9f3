"""`vigie clip`: open a sealed clip with a reader's key, and verify it offline."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from edge.evidence.verify import Verdict

GROUP_EXAMPLES = """\
\b
Examples:
  vigie clip open clip.sealed --key control-room.key.pem --out clip.mp4
  vigie clip verify clip.mp4 --device-keys device-keys.json
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
  vigie clip verify clip.mp4 --device-keys device-keys.json
  vigie clip verify clip.mp4 --manifest other.json --device-keys device-keys.json --json
\b
Exit codes: 0 the clip is what the pole recorded, 3 no manifest, 4 no such file,
5 no known pole signed it, 7 it was changed; the first wrong fragment is named.
"""

MANIFEST_SUFFIX = ".manifest.json"
_MAX_MANIFEST_BYTES = 245_760
_MAX_KEY_BYTES = 4_096


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def clip() -> None:
    """Open sealed clips and verify them offline, without any service of ours."""


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
    from edge.evidence.sealed import open_sealed  # noqa: PLC0415 - cryptography

    private_key = _read_key(key)
    mp4 = out or sealed.with_suffix(".mp4")
    part = mp4.with_name(mp4.name + ".part")
    try:
        with sealed.open("rb") as source:
            # Nothing gets the clip's name before its last chunk is proven.
            with part.open("wb") as target:
                written_bytes = sum(target.write(each) for each in open_sealed(source, private_key))
            part.replace(mp4)
    except OSError as error:
        raise _unusable(error, sealed) from error
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        voice.print_json({"mp4": str(mp4), "mp4_bytes": written_bytes})
        return
    voice.say(
        f"{mp4}: {written_bytes} bytes\n"
        f"  Check whose it is: 'vigie clip verify {mp4} --device-keys FILE'."
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
    "--manifest",
    type=click.Path(path_type=Path),
    help=f"The clip's manifest; else beside it, ending in {MANIFEST_SUFFIX}.",
)
@voice.json_option
def verify(mp4: Path, device_keys: Path, manifest: Path | None, as_json: bool) -> None:
    """Prove that a clip is what a pole recorded, byte for byte, or name what is wrong first."""
    from edge.evidence.device_keys import MAX_FILE_BYTES, parse_keys  # noqa: PLC0415
    from edge.evidence.verify import verify_clip  # noqa: PLC0415 - cryptography

    keys = parse_keys(_read_file(device_keys, MAX_FILE_BYTES))
    envelope = _read_file(manifest or mp4.with_suffix(MANIFEST_SUFFIX), _MAX_MANIFEST_BYTES)
    try:
        with mp4.open("rb") as file:
            verdict = verify_clip(file, envelope, keys)
    except OSError as error:
        raise _unusable(error, mp4) from error
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
        "mp4_sha256": manifest.mp4_sha256.hex(),
    }


def _read_key(path: Path) -> "X25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
        X25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    pem = _read_file(path, _MAX_KEY_BYTES)
    passphrase = None
    if b"ENCRYPTED" in pem[:64]:
        passphrase = click.prompt(f"Passphrase of {path}", hide_input=True, err=True).encode()
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            "this is no reader's private key, or its passphrase is another",
            where=str(path),
            hint="Give the private half of a reader's key that the trust file names.",
        )
    return key


def _read_file(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise _unusable(error, path) from error


def _unusable(error: OSError, path: Path) -> VigieError:
    kind = Kind.NOT_FOUND if isinstance(error, FileNotFoundError) else Kind.PERMISSION_DENIED
    where = str(error.filename or path)
    return VigieError(kind, f"the file cannot be used ({error.strerror})", where=where)


def _moment(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")
