"""A clip sealed to named readers, as it lies in a file: written and read as a stream.

Layout: a header (`sealed_header.py`), then chunks of AES-256-GCM, 65,536 bytes of content each (the
last one less), 16 bytes of tag each. The content key is drawn for one clip and used for nothing
else. For each reader the header holds HPKE's two halves of it, with info "vigie clip v1", a zero
byte, the clip's name. A chunk's nonce is its index from 0, 12 bytes big-endian; its associated data
is the SHA-256 of the header, the index (8 bytes big-endian) and one byte: 1 for the last chunk,
else 0. So a chunk that is changed, moved, doubled, left out or taken from another clip does not
open, nor does any behind another header, and a file that ends early has no last chunk.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.errors import Kind
from edge.evidence.sealed_header import (
    CHUNK_BYTES,
    CONTENT_KEY_BYTES,
    ENC_BYTES,
    FETCH_AGAIN,
    MAGIC,
    MAX_READERS,
    TAG_BYTES,
    SealedHeader,
    SealError,
    count_header_bytes,
    read_header,
    write_header,
)
from edge.mandate.keys import get_keyid

_SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
# So many go to the file in one write: 1 MiB of content.
_GATHERED_CHUNKS = 16
_INFO = b"vigie clip v1\0"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was written: length in bytes and BLAKE3 of the whole sealed file."""

    sealed_bytes: int
    blake3: bytes


def count_sealed_bytes(clip: str, readers: int, content_bytes: int) -> int:
    """How long the sealed file of so much content for so many readers is, in bytes."""
    chunks = max(1, -(-content_bytes // CHUNK_BYTES))
    return count_header_bytes(clip, readers) + content_bytes + chunks * TAG_BYTES


class Sealer:
    """Seals what is written to it, in some 1.1 MB; `finish` exactly once, at the end.

    readers: raw X25519 public keys by keyid, at least one.
    """

    def __init__(self, target: BinaryIO, clip: str, readers: Mapping[str, bytes]) -> None:
        """Write the header. Raises SealError for no or too many readers, OSError of the file."""
        if not 1 <= len(readers) <= MAX_READERS:
            raise SealError(
                Kind.INVALID_ARGUMENT, f"a clip is sealed to 1 to {MAX_READERS} readers"
            )
        content_key = os.urandom(CONTENT_KEY_BYTES)
        suite = _suite()
        entries = {}
        for keyid, raw in readers.items():
            found = suite.encrypt(
                content_key, X25519PublicKey.from_public_bytes(raw), _INFO + clip.encode()
            )
            entries[keyid] = (found[:ENC_BYTES], found[ENC_BYTES:])
        header = write_header(clip, entries)
        self._target = target
        self._bound = hashlib.sha256(header).digest()
        self._cipher = AESGCM(content_key)
        self._waiting = bytearray()
        self._index = 0
        self._gathered = memoryview(bytearray(_GATHERED_CHUNKS * _SEALED_CHUNK_BYTES))
        self._gathered_bytes = 0
        self._sealed_bytes = 0
        self._hash = blake3()
        self._put(header)

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
        self._put(self._gathered[: self._gathered_bytes])
        return Sealed(self._sealed_bytes, self._hash.digest())

    def _seal(self, content: bytearray | memoryview, *, is_last: bool) -> None:
        begins, ends = self._gathered_bytes, self._gathered_bytes + len(content) + TAG_BYTES
        nonce, bound = _place(self._bound, self._index, is_last=is_last)
        self._cipher.encrypt_into(nonce, content, bound, self._gathered[begins:ends])
        self._index += 1
        self._gathered_bytes = ends
        if ends == len(self._gathered):
            self._put(self._gathered)
            self._gathered_bytes = 0

    def _put(self, sealed: bytes | memoryview) -> None:
        self._target.write(sealed)
        self._hash.update(sealed)
        self._sealed_bytes += len(sealed)


def open_sealed(source: BinaryIO, private_key: X25519PrivateKey) -> Iterator[bytes]:
    """The content of a sealed clip, chunk by chunk; each is proven before it is given.

    What was given before an error is not the whole clip: keep nothing of it.

    Raises:
        SealError: not for this reader, or the chunk named is damaged, moved or missing.

    """
    header = read_header(source)
    cipher = AESGCM(_open_key(header, private_key))
    index = 0
    sealed = source.read(_SEALED_CHUNK_BYTES)
    while True:
        following = source.read(_SEALED_CHUNK_BYTES)
        nonce, bound = _place(header.sha256, index, is_last=not following)
        try:
            yield cipher.decrypt(nonce, sealed, bound)
        except InvalidTag:
            at = header.header_bytes + index * _SEALED_CHUNK_BYTES
            raise SealError(
                Kind.DATA_LOSS,
                f"chunk {index} of the sealed clip is damaged, or the file ends there too early",
                where=f"byte {at}",
                hint=FETCH_AGAIN,
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
            hint=FETCH_AGAIN,
        ) from None
    return opened


def _place(header_sha256: bytes, index: int, *, is_last: bool) -> tuple[bytes, bytes]:
    """A chunk's nonce and what it is bound to."""
    bound = header_sha256 + index.to_bytes(8, "big") + bytes([is_last])
    return index.to_bytes(12, "big"), bound


def _suite() -> hpke.Suite:
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
