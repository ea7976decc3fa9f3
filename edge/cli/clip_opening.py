"""Opening sealed clips with a reader's key, for the commands that do."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.named_files import read_file, unusable
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_MAX_KEY_BYTES = 4_096


def open_clip(sealed: Path, private_key: "X25519PrivateKey", mp4: Path) -> int:
    """Write the MP4 that is sealed in a file, whole or not at all; its bytes.

    Raises VigieError for what is no sealed clip, is damaged, not sealed to the key, or cannot be
    written.
    """
    from edge.evidence.sealed import open_sealed  # noqa: PLC0415 - cryptography

    part = mp4.with_name(mp4.name + ".part")
    try:
        with sealed.open("rb") as source:
            # Nothing gets the clip's name before its last chunk is proven.
            with part.open("wb") as target:
                written_bytes = sum(target.write(each) for each in open_sealed(source, private_key))
            part.replace(mp4)
    except OSError as error:
        raise unusable(error, sealed) from error
    finally:
        part.unlink(missing_ok=True)
    return written_bytes


def read_reader_key(path: Path) -> "X25519PrivateKey":
    """A reader's private key; asks for its passphrase where it has one. Raises VigieError."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
        X25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    pem = read_file(path, _MAX_KEY_BYTES)
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
