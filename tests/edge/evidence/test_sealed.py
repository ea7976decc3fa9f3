"""The sealed file: who opens it, and that no byte of it can be other than it was."""

import base64
import io
import json
import os

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import Kind
from edge.evidence.sealed import (
    Sealed,
    Sealer,
    count_sealed_bytes,
    open_sealed,
)
from edge.evidence.sealed_header import CHUNK_BYTES, MAGIC, TAG_BYTES, SealError, read_header
from edge.mandate.keys import get_keyid

CLIP = "north-gate-0001"
FIRST, SECOND, STRANGER = (X25519PrivateKey.generate() for _ in range(3))


def _seal(content: bytes, *keys: X25519PrivateKey, clip: str = CLIP) -> bytes:
    sealed, _ = _seal_counted(content, *keys, clip=clip)
    return sealed


def _seal_counted(
    content: bytes, *keys: X25519PrivateKey, clip: str = CLIP, piece_bytes: int = 10_000
) -> tuple[bytes, Sealed]:
    publics = [key.public_key().public_bytes_raw() for key in keys or (FIRST,)]
    target = io.BytesIO()
    sealer = Sealer(target, clip, {get_keyid(raw): raw for raw in publics})
    for start in range(0, len(content), piece_bytes):
        sealer.write(content[start : start + piece_bytes])
    written = sealer.finish()
    return target.getvalue(), written


def _open(sealed: bytes, key: X25519PrivateKey = FIRST) -> bytes:
    return b"".join(open_sealed(io.BytesIO(sealed), key))


@settings(max_examples=40, deadline=None)
@given(
    content_bytes=st.one_of(
        st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]),
        st.integers(0, 300_000),
    ),
    piece_bytes=st.sampled_from([1_000, 65_535, 65_536, 65_537, 200_000]),
)
def test_each_reader_opens_what_was_sealed_however_it_was_written(
    content_bytes: int, piece_bytes: int
) -> None:
    content = os.urandom(content_bytes)
    sealed, written = _seal_counted(content, FIRST, SECOND, piece_bytes=piece_bytes)
    assert _open(sealed, FIRST) == _open(sealed, SECOND) == content
    assert written.sealed_bytes == len(sealed) == count_sealed_bytes(CLIP, 2, content_bytes)
    assert written.blake3 == blake3(sealed).digest()


def test_nobody_else_opens_it() -> None:
    with pytest.raises(SealError, match="not sealed to this key") as refused:
        _open(_seal(b"frames"), STRANGER)
    assert refused.value.kind is Kind.PERMISSION_DENIED


def test_the_sealed_file_holds_nothing_of_the_content() -> None:
    marker = b"a planted marker"
    assert marker not in _seal(marker * 10_000)


def test_every_byte_altered_in_turn_is_refused() -> None:
    # What is meant for the second reader too: the first one's chunks are bound to all of it.
    sealed = _seal(b"frames and frames", FIRST, SECOND)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(SealError):
            _open(bytes(altered))


def test_a_reader_added_by_another_hand_opens_nothing_for_anybody() -> None:
    sealed, other = _seal(b"frames", FIRST), _seal(b"frames", STRANGER)
    headers = [json.loads(each[len(MAGIC) :].split(b"\n", 1)[0]) for each in (sealed, other)]
    headers[0]["readers"] += headers[1]["readers"]
    line = json.dumps(headers[0], separators=(",", ":")).encode() + b"\n"
    chunks = sealed.split(b"\n", 1)[1]
    with pytest.raises(SealError, match="chunk 0 of the sealed clip is damaged"):
        _open(MAGIC + line + chunks)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clip": "../x"}, "header.clip: is no name of a clip"),
        ({"suite": "none"}, 'header.suite: is "none"; allowed: DHKEM'),
        ({"chunk_bytes": 1}, "header.chunk_bytes: is 1; allowed: 65536 to 65536"),
        ({"readers": []}, "header.readers: has 0 items; allowed: 1 to 64"),
        ({"more": 1}, "header.more: is no known key"),
        ({"readers": [{"keyid": "x", "enc": "AA", "key": 5}]}, "header.readers[0].keyid"),
    ],
)
def test_a_header_that_is_none_is_refused_and_its_field_named(
    change: dict[str, object], told: str
) -> None:
    head, chunks = _seal(b"frames").split(b"\n", 1)
    record = json.loads(head[len(MAGIC) :]) | change
    altered = MAGIC + json.dumps(record).encode() + b"\n" + chunks
    with pytest.raises(SealError) as refused:
        _open(altered)
    assert refused.value.kind is Kind.DATA_LOSS
    assert told in refused.value.what


def test_a_chunk_left_out_moved_doubled_or_taken_from_elsewhere_is_named() -> None:
    content = os.urandom(4 * CHUNK_BYTES)
    sealed, other = _seal(content), _seal(content, clip=CLIP)
    start = read_header(io.BytesIO(sealed)).header_bytes
    size = CHUNK_BYTES + TAG_BYTES
    head, chunks = (
        sealed[:start],
        [sealed[at : at + size] for at in range(start, len(sealed), size)],
    )
    foreign = other[len(other) - 4 * size :][:size]
    first, second, third, last = chunks
    for wrong, place in (
        ([first, third, last], 1),
        ([first, third, second, last], 1),
        ([first, second, second, third, last], 2),
        ([first, second, third], 2),
        ([first, foreign, third, last], 1),
        ([first, second, third, last, last], 3),
        ([first, second, third, last[:-1]], 3),
    ):
        with pytest.raises(SealError, match=f"chunk {place} of the sealed clip") as refused:
            _open(head + b"".join(wrong))
        assert refused.value.where == f"byte {start + place * size}"


def test_a_file_cut_off_anywhere_is_refused() -> None:
    sealed = _seal(os.urandom(CHUNK_BYTES + 100))
    for length in [*range(0, 500, 7), len(sealed) - CHUNK_BYTES, len(sealed) - 1]:
        with pytest.raises(SealError):
            _open(sealed[:length])


def test_two_clips_of_the_same_content_have_nothing_in_common() -> None:
    content = os.urandom(1_000)
    assert _seal(content)[-1_000:] != _seal(content)[-1_000:]


def test_the_header_is_laid_out_as_the_page_reads_it() -> None:
    sealed = _seal(b"x")
    assert sealed.startswith(MAGIC)
    header = json.loads(sealed[len(MAGIC) :].split(b"\n", 1)[0])
    assert header["clip"] == CLIP
    assert header["chunk_bytes"] == 65_536
    assert header["suite"] == "DHKEM(X25519,HKDF-SHA256),HKDF-SHA256,AES-256-GCM"
    (reader,) = header["readers"]
    assert reader["keyid"] == get_keyid(FIRST.public_key().public_bytes_raw())
    assert len(base64.b64decode(reader["enc"])) == 32
    assert len(base64.b64decode(reader["key"])) == 48


def test_a_clip_for_nobody_is_not_made() -> None:
    with pytest.raises(SealError, match="1 to 64 readers"):
        Sealer(io.BytesIO(), CLIP, {})
