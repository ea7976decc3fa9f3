"""A clip sealed to named readers, as it lies in a file: written and read as a stream.

Layout, all of it:
  5 bytes      "VGCL1"
  one line     JSON: clip, suite, chunk_bytes, readers [{keyid, enc, key}]; ends with a newline
  chunks       AES-256-GCM, 65,536 bytes of content each (the last one less), 16 bytes of tag each
The content key is drawn for one clip and used for nothing else. For each reader `enc` and `key`
(base64) are HPKE's two halves of it, with info "vigie clip v1", a zero byte, the clip's name. A
chunk's nonce is its index from 0, 12 bytes big-endian; its associated data is the clip's name, the
index (8 bytes big-endian) and one byte: 1 for the last chunk, else 0. So a chunk that is changed,
moved, doubled, left out or taken from another clip does not open, and a file that ends early
has no last chunk.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.errors import Kind, VigieError
from edge.wire.identifiers import is_clip_name

MAGIC = b"VGCL1"
SUITE = "DHKEM(X25519,HKDF-SHA256),HKDF-SHA256,AES-256-GCM"
CHUNK_BYTES = 65_536
TAG_BYTES = 16
MAX_HEADER_BYTES = 65_536
MAX_READERS = 64
_ENC_BYTES = 32
_INFO = b"vigie clip v1\0"


class SealError(VigieError):
    """The sealed file cannot be opened: damaged, cut short, or not for this reader."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was written: length in bytes and SHA-256 of the whole sealed file."""

    sealed_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """Who may open it. `readers`: HPKE's enc and sealed content key by keyid."""

    clip: str
    readers: Mapping[str, tuple[bytes, bytes]]
    header_bytes: int


def get_keyid(public_key: bytes) -> str:
    """The name of a raw public key of 32 bytes: SHA-256, lower-case hexadecimal."""
    return hashlib.sha256(public_key).hexdigest()


def count_sealed_bytes(clip: str, readers: int, content_bytes: int) -> int:
    """How long the sealed file of so much content for so many readers is, in bytes."""
    entry = (bytes(_ENC_BYTES), bytes(32 + TAG_BYTES))
    header = _make_header(clip, {f"{number:064x}": entry for number in range(readers)})
    chunks = max(1, -(-content_bytes // CHUNK_BYTES))
    return len(header) + content_bytes + chunks * TAG_BYTES


class Sealer:
    """Seals what is written to it. Holds at most two chunks; `finish` exactly once, at the end.

    readers: raw X25519 public keys by keyid, at least one.
    """

    def __init__(self, target: BinaryIO, clip: str, readers: Mapping[str, bytes]) -> None:
        """Write the header. Raises SealError for no or too many readers, OSError of the file."""
        if not 1 <= len(readers) <= MAX_READERS:
            raise SealError(
                Kind.INVALID_ARGUMENT, f"a clip is sealed to 1 to {MAX_READERS} readers"
            )
        content_key = os.urandom(32)
        suite = _suite()
        entries = {}
        for keyid, raw in readers.items():
            found = suite.encrypt(
                content_key, X25519PublicKey.from_public_bytes(raw), _INFO + clip.encode()
            )
            entries[keyid] = (found[:_ENC_BYTES], found[_ENC_BYTES:])
        self._target = target
        self._clip = clip.encode()
        self._cipher = AESGCM(content_key)
        self._waiting = bytearray()
        self._index = 0
        self._sealed_bytes = 0
        self._hash = hashlib.sha256()
        self._put(_make_header(clip, entries))

    def write(self, content: bytes | memoryview) -> None:
        """Take more content. Raises OSError of the file."""
        view = memoryview(content)
        # A chunk goes out only when more follows it, because the last one is marked.
        if self._waiting:
            missing = CHUNK_BYTES - len(self._waiting)
            self._waiting += view[:missing]
            view = view[missing:]
            if view:
                self._seal(self._waiting, is_last=False)
                self._waiting = bytearray()
        while len(view) > CHUNK_BYTES:
            self._seal(view[:CHUNK_BYTES], is_last=False)
            view = view[CHUNK_BYTES:]
        self._waiting += view

    def finish(self) -> Sealed:
        """Write the last chunk. The file is neither flushed nor closed. Raises OSError."""
        self._seal(self._waiting, is_last=True)
        return Sealed(self._sealed_bytes, self._hash.digest())

    def _seal(self, content: bytearray | memoryview, *, is_last: bool) -> None:
        bound = _bind(self._clip, self._index, is_last=is_last)
        self._put(self._cipher.encrypt(self._index.to_bytes(12, "big"), content, bound))
        self._index += 1

    def _put(self, sealed: bytes) -> None:
        self._target.write(sealed)
        self._hash.update(sealed)
        self._sealed_bytes += len(sealed)


def read_header(source: BinaryIO) -> SealedHeader:
    """The header at the beginning of a sealed file; the stream stands at the first chunk after.

    Raises:
        SealError: it is no sealed clip, of another version, or its header is damaged.

    """
    if source.read(len(MAGIC)) != MAGIC:
        raise SealError(Kind.INVALID_ARGUMENT, "this is no sealed clip of this version")
    line = source.readline(MAX_HEADER_BYTES)
    try:
        return _parse_header(line)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SealError(
            Kind.DATA_LOSS,
            "the header of the sealed clip is damaged",
            where=f"byte {len(MAGIC)}",
            hint="Fetch the clip again from the collector.",
        ) from error


def open_sealed(source: BinaryIO, private_key: X25519PrivateKey) -> Iterator[bytes]:
    """The content of a sealed clip, chunk by chunk; each is proven before it is given.

    What was given before an error is not the whole clip: keep nothing of it.

    Raises:
        SealError: not for this reader, or the chunk named is damaged, moved or missing.

    """
    header = read_header(source)
    cipher = AESGCM(_open_key(header, private_key))
    clip = header.clip.encode()
    index = 0
    sealed = source.read(CHUNK_BYTES + TAG_BYTES)
    while True:
        following = source.read(CHUNK_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(
                index.to_bytes(12, "big"), sealed, _bind(clip, index, is_last=not following)
            )
        except InvalidTag:
            at = header.header_bytes + index * (CHUNK_BYTES + TAG_BYTES)
            raise SealError(
                Kind.DATA_LOSS,
                f"chunk {index} of the sealed clip is damaged, or the file ends there too early",
                where=f"byte {at}",
                hint="Fetch the clip again from the collector.",
            ) from None
        if not following:
            return
        sealed, index = following, index + 1


def _open_key(header: SealedHeader, private_key: X25519PrivateKey) -> bytes:
    keyid = get_keyid(private_key.public_key().public_bytes_raw())
    if keyid not in header.readers:
        raise SealError(
            Kind.PERMISSION_DENIED,
            f"clip {header.clip} is not sealed to this key",
            hint=f"It opens with one of: {', '.join(header.readers)}.",
        )
    enc, sealed_key = header.readers[keyid]
    try:
        opened = _suite().decrypt(enc + sealed_key, private_key, _INFO + header.clip.encode())
    except (InvalidTag, ValueError):
        raise SealError(
            Kind.DATA_LOSS,
            "the sealed key of this reader is damaged",
            where=f"byte {len(MAGIC)}",
            hint="Fetch the clip again from the collector.",
        ) from None
    return opened


def _parse_header(line: bytes) -> SealedHeader:
    if not line.endswith(b"\n"):
        raise ValueError("no end of line")
    found = json.loads(line)
    if set(found) != {"clip", "suite", "chunk_bytes", "readers"}:
        raise ValueError("other fields")
    if found["suite"] != SUITE or found["chunk_bytes"] != CHUNK_BYTES:
        raise ValueError("another suite")
    if not is_clip_name(found["clip"]) or not 1 <= len(found["readers"]) <= MAX_READERS:
        raise ValueError("no name or no readers")
    readers = {
        str(each["keyid"]): (_decode(each["enc"], _ENC_BYTES), _decode(each["key"], 32 + TAG_BYTES))
        for each in found["readers"]
    }
    return SealedHeader(found["clip"], readers, len(MAGIC) + len(line))


def _make_header(clip: str, readers: Mapping[str, tuple[bytes, bytes]]) -> bytes:
    header = {
        "clip": clip,
        "suite": SUITE,
        "chunk_bytes": CHUNK_BYTES,
        "readers": [
            {
                "keyid": keyid,
                "enc": base64.b64encode(enc).decode(),
                "key": base64.b64encode(key).decode(),
            }
            for keyid, (enc, key) in readers.items()
        ],
    }
    return MAGIC + json.dumps(header, separators=(",", ":")).encode() + b"\n"


def _decode(text: str, length_bytes: int) -> bytes:
    """Only the one way to write these bytes: bits before base64's padding say nothing otherwise."""
    found = base64.b64decode(text, validate=True)
    if len(found) != length_bytes or base64.b64encode(found).decode() != text:
        raise ValueError("not base64 of such a length")
    return found


def _bind(clip: bytes, index: int, *, is_last: bool) -> bytes:
    return clip + index.to_bytes(8, "big") + bytes([is_last])


def _suite() -> hpke.Suite:
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
