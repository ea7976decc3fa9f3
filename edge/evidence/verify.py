"""Is this file what the pole recorded? Answered offline, from the file, its manifest and a key.

The manifest names every byte of the file in order, so the file is read once, front to back, and
the first stretch that is not as signed is named: the header, a fragment with its number and time
of capture, or bytes behind the end.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from edge.errors import Kind, VigieError
from edge.evidence.device_keys import DeviceKey
from edge.evidence.manifest import Manifest, verify_manifest
from edge.evidence.pieces import FragmentPiece

_BLOCK_BYTES = 1024 * 1024


class VerificationError(VigieError):
    """The file is not what the pole signed. `fragment`: which one, from 1; None: no fragment."""

    def __init__(self, what: str, *, where: str, fragment: int | None = None) -> None:
        super().__init__(
            Kind.DATA_LOSS,
            what,
            where=where,
            hint="Do not use this file as evidence. Fetch the clip again and compare.",
        )
        self.fragment = fragment


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proven: the manifest, and the key of the pole that signed it."""

    manifest: Manifest
    key: DeviceKey


def verify_clip(mp4: BinaryIO, envelope: bytes, keys: Sequence[DeviceKey]) -> Verdict:
    """The verdict on a clip; an exception is the verdict that it is not proven.

    mp4: seekable, at its beginning. envelope: the manifest's. keys: of poles, the right one among
    them.

    Raises:
        ManifestError: the manifest is none, or no known key of its device signed it.
        VerificationError: the file differs; the first wrong stretch is named.

    """
    manifest, key = verify_manifest(envelope, keys)
    check_file(mp4, manifest)
    return Verdict(manifest, key)


def check_file(mp4: BinaryIO, manifest: Manifest) -> None:
    """Compare a file with a manifest that was verified. Raises VerificationError."""
    header = manifest.header
    if _hash_next(mp4, header.size_bytes) != header.sha256:
        raise VerificationError(
            "the header of the clip is not what the pole signed",
            where=_bytes(0, header.size_bytes),
        )
    for number, (first_byte, piece) in enumerate(manifest.locate_fragments(), 1):
        if _hash_next(mp4, piece.size_bytes) != piece.sha256:
            raise _wrong_fragment(mp4, manifest, number, first_byte)
    if mp4.read(1):
        raise VerificationError(
            "bytes stand behind the end of the clip that the pole signed",
            where=f"byte {manifest.mp4_bytes}",
        )


def _hash_next(mp4: BinaryIO, size_bytes: int) -> bytes:
    own = hashlib.sha256()
    while size_bytes > 0:
        block = mp4.read(min(size_bytes, _BLOCK_BYTES))
        if not block:
            return b""
        own.update(block)
        size_bytes -= len(block)
    return own.digest()


def _wrong_fragment(
    mp4: BinaryIO, manifest: Manifest, number: int, first_byte: int
) -> VerificationError:
    piece = manifest.fragments[number - 1]
    found = _find_stranger(mp4, manifest, first_byte)
    if found is None:
        found = "is not what the pole signed"
        if mp4.seek(0, 2) < first_byte + piece.size_bytes:
            found = "is cut short: the file ends there"
    return VerificationError(
        f"fragment {number} of {len(manifest.fragments)} {_describe(piece)} {found}",
        where=_bytes(first_byte, piece.size_bytes),
        fragment=number,
    )


def _find_stranger(mp4: BinaryIO, manifest: Manifest, first_byte: int) -> str | None:
    """Which other fragment of the clip stands at a place, if one does."""
    for number, other in enumerate(manifest.fragments, 1):
        mp4.seek(first_byte)
        if _hash_next(mp4, other.size_bytes) == other.sha256:
            return f"is missing there: fragment {number} {_describe(other)} stands in its place"
    return None


def _describe(piece: FragmentPiece) -> str:
    first, last = (
        datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")
        for utc_ms in (piece.first_utc_ms, piece.last_utc_ms)
    )
    return f"(seq {piece.seq}, {first} to {last})"


def _bytes(first_byte: int, size_bytes: int) -> str:
    return f"bytes {first_byte} to {first_byte + size_bytes - 1}"
