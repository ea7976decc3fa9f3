"""The first line of a sealed clip: its name, and the content key sealed to each reader.

    5 bytes      "VGCL1"
    one line     JSON: clip, suite, chunk_bytes, readers [{keyid, enc, key}]; ends with a newline

`enc` and `key` (base64) are the two halves of HPKE's output. Nothing here opens anything; every
chunk behind the header is bound to all bytes of it, see `sealed.py`.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from edge.errors import Kind
from edge.wire.fields import Fields
from edge.wire.identifiers import is_clip_name
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

MAGIC = b"VGCL1"
SUITE = "DHKEM(X25519,HKDF-SHA256),HKDF-SHA256,AES-256-GCM"
CHUNK_BYTES = 65_536
TAG_BYTES = 16
CONTENT_KEY_BYTES = 32
ENC_BYTES = 32
MAX_HEADER_BYTES = 65_536
MAX_READERS = 64
FETCH_AGAIN = "Fetch the clip again from the collector."


class SealError(ProblemsError):
    """The sealed file cannot be opened: damaged, cut short, or not for this reader."""


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """Who may open it. `readers`: HPKE's enc and sealed content key by keyid.

    sha256: of all bytes before the first chunk.
    """

    clip: str
    readers: Mapping[str, tuple[bytes, bytes]]
    header_bytes: int
    sha256: bytes


def write_header(clip: str, readers: Mapping[str, tuple[bytes, bytes]]) -> bytes:
    """Everything before the first chunk."""
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


def read_header(source: BinaryIO) -> SealedHeader:
    """The header at the beginning of a sealed file; the stream stands at the first chunk after.

    Raises:
        SealError: it is no sealed clip, of another version, or its header is damaged.

    """
    if source.read(len(MAGIC)) != MAGIC:
        raise SealError(Kind.INVALID_ARGUMENT, "this is no sealed clip of this version")
    line = source.readline(MAX_HEADER_BYTES)
    try:
        clip, readers = _parse(line)
    except SealError as error:
        raise SealError(
            Kind.DATA_LOSS,
            f"the header of the sealed clip is damaged: {error.what}",
            where=f"byte {len(MAGIC)}",
            hint=FETCH_AGAIN,
            problems=error.problems,
        ) from None
    return SealedHeader(
        clip, readers, len(MAGIC) + len(line), hashlib.sha256(MAGIC + line).digest()
    )


def count_header_bytes(clip: str, readers: int) -> int:
    """How long the header for so many readers is."""
    entry = (bytes(ENC_BYTES), bytes(CONTENT_KEY_BYTES + TAG_BYTES))
    return len(write_header(clip, {f"{number:064x}": entry for number in range(readers)}))


def _parse(line: bytes) -> tuple[str, dict[str, tuple[bytes, bytes]]]:
    if not line.endswith(b"\n"):
        raise SealError(Kind.DATA_LOSS, "it has no end")
    record = parse_object(line, what="it", max_bytes=MAX_HEADER_BYTES, refusal=SealError)
    fields = Fields(record, path="header")
    clip = fields.text("clip", longest=64)
    if not is_clip_name(clip):
        fields.wrong("clip", "is no name of a clip")
    fields.word("suite", (SUITE,))
    fields.whole("chunk_bytes", least=CHUNK_BYTES, most=CHUNK_BYTES)
    listed = [_read_reader(each) for each in fields.objects("readers", least=1, most=MAX_READERS)]
    readers = dict(listed)
    if len(readers) != len(listed):
        fields.wrong("readers", "names a reader twice")
    fields.close()
    fields.raise_problems(SealError)
    return clip, readers


def _read_reader(fields: Fields) -> tuple[str, tuple[bytes, bytes]]:
    keyid = fields.sha256("keyid")
    halves = (
        _read_bytes(fields, "enc", ENC_BYTES),
        _read_bytes(fields, "key", CONTENT_KEY_BYTES + TAG_BYTES),
    )
    fields.close()
    return keyid, halves


def _read_bytes(fields: Fields, key: str, length_bytes: int) -> bytes:
    """Only the one way to write these bytes: bits before base64's padding say nothing otherwise."""
    text = fields.text(key, longest=2 * length_bytes)
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != length_bytes or base64.b64encode(found).decode() != text:
        fields.wrong(key, f"is not {length_bytes} bytes in base64")
    return found
