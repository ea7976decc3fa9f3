"""The bytes on the disk: a segment's head, a fragment's header, the chain over headers.

    segment:   head, then fragments one after the other
    fragment:  core | SHA-256 of the samples | chain before | chain | sealed plaintext with its tag

chain = SHA-256(chain before || core || SHA-256 of the samples), from zeros at a camera's first
fragment. The header is the seal's associated data. Headers are readable without a key: times, sizes
and hashes, no picture.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass

from edge.vault.fragment import Gap, GapReason

SEGMENT_MAGIC = b"VGSEG1\r\n"
FRAGMENT_MAGIC = b"VGF1"
HASH_BYTES = 32
NO_CHAIN = bytes(HASH_BYTES)
DIRECTORY_ID_BYTES = 16
# magic, directory id, camera (padded), day, number; CRC-32 of all that behind it.
_SEGMENT = struct.Struct("<8s16s64sII")
SEGMENT_HEAD_BYTES = _SEGMENT.size + 4
# magic, suite, flags, gap reason, reserved, day, lost fragments, clock error ms + 1, samples,
# samples bytes, table bytes, seq, first utc ns, last utc ns, monotonic ns, mandate version,
# clock source (padded), nonce, SHA-256 of the table.
_CORE = struct.Struct("<4sBBBBIIIIIIQQQQQ16s12s32s")
HEADER_BYTES = _CORE.size + 3 * HASH_BYTES
TAG_BYTES = 16
# Far above what a gatherer closes a fragment at; a header that says more is damaged.
MAX_SEALED_BYTES = 64 * 1024 * 1024
_STARTS_AT_KEY, _IS_SPLIT = 1, 2
_SOURCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """What a segment file is. day: days since 1970-01-01 UTC, whose key sealed it."""

    directory_id: bytes
    camera: str
    day: int
    number: int


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in clear before a sealed fragment; labels as in `Fragment`.

    seq: per camera, from 1, without holes. suite: which cipher, see `sealing.py`.
    chain_before, chain: SHA-256 values.
    """

    seq: int
    day: int
    suite: int
    starts_at_key: bool
    is_split: bool
    gap: Gap | None
    clock_error_ms: int | None
    clock_source: str
    samples: int
    samples_bytes: int
    table_bytes: int
    first_utc_ns: int
    last_utc_ns: int
    captured_monotonic_ns: int
    mandate_version: int
    nonce: bytes
    table_sha256: bytes
    samples_sha256: bytes
    chain_before: bytes
    chain: bytes = NO_CHAIN

    @property
    def sealed_bytes(self) -> int:
        """Bytes behind the header."""
        return self.samples_bytes + self.table_bytes + TAG_BYTES

    @property
    def stored_bytes(self) -> int:
        """Bytes of header and sealed plaintext together."""
        return HEADER_BYTES + self.sealed_bytes


def write_segment_head(head: SegmentHead) -> bytes:
    """The first bytes of a segment file."""
    packed = _SEGMENT.pack(
        SEGMENT_MAGIC, head.directory_id, head.camera.encode(), head.day, head.number
    )
    return packed + zlib.crc32(packed).to_bytes(4, "little")


def read_segment_head(stored: bytes) -> SegmentHead | None:
    """None: this is no segment of a ring, or its head is damaged."""
    if len(stored) < SEGMENT_HEAD_BYTES:
        return None
    packed, check = stored[: _SEGMENT.size], stored[_SEGMENT.size : SEGMENT_HEAD_BYTES]
    if packed[:8] != SEGMENT_MAGIC or zlib.crc32(packed).to_bytes(4, "little") != check:
        return None
    _, directory_id, camera, day, number = _SEGMENT.unpack(packed)
    return SegmentHead(directory_id, camera.rstrip(b"\x00").decode("ascii", "replace"), day, number)


def write_header(header: Header) -> bytes:
    """A header with its chain; `header.chain` itself is ignored."""
    core = _pack_core(header)
    chain = _chain(header.chain_before, core, header.samples_sha256)
    return core + header.samples_sha256 + header.chain_before + chain


def read_header(stored: bytes) -> Header | None:
    """None: these bytes are no header, or a damaged one: its chain does not follow from it."""
    if len(stored) < HEADER_BYTES or not stored.startswith(FRAGMENT_MAGIC):
        return None
    core = stored[: _CORE.size]
    samples_sha256, before, chain = (
        stored[_CORE.size + HASH_BYTES * place : _CORE.size + HASH_BYTES * (place + 1)]
        for place in range(3)
    )
    if _chain(before, core, samples_sha256) != chain:
        return None
    return _unpack_core(core, samples_sha256, before, chain)


def _pack_core(header: Header) -> bytes:
    flags = header.starts_at_key * _STARTS_AT_KEY | header.is_split * _IS_SPLIT
    error_ms = header.clock_error_ms
    return _CORE.pack(
        FRAGMENT_MAGIC,
        header.suite,
        flags,
        header.gap.reason.value if header.gap else 0,
        0,
        header.day,
        header.gap.lost_fragments if header.gap else 0,
        0 if error_ms is None else min(error_ms, 2**32 - 2) + 1,
        header.samples,
        header.samples_bytes,
        header.table_bytes,
        header.seq,
        header.first_utc_ns,
        header.last_utc_ns,
        header.captured_monotonic_ns,
        header.mandate_version,
        header.clock_source.encode()[:_SOURCE_BYTES],
        header.nonce,
        header.table_sha256,
    )


def _unpack_core(core: bytes, samples_sha256: bytes, before: bytes, chain: bytes) -> Header | None:
    (_, suite, flags, reason, _, day, lost, error_ms, samples, samples_bytes, table_bytes) = (
        _CORE.unpack(core)[:11]
    )
    seq, first_ns, last_ns, monotonic_ns, mandate, source, nonce, table_sha256 = _CORE.unpack(core)[
        11:
    ]
    try:
        gap = Gap(GapReason(reason), lost) if reason else None
    except ValueError:
        return None
    return Header(
        seq=seq,
        day=day,
        suite=suite,
        starts_at_key=bool(flags & _STARTS_AT_KEY),
        is_split=bool(flags & _IS_SPLIT),
        gap=gap,
        clock_error_ms=error_ms - 1 if error_ms else None,
        clock_source=source.rstrip(b"\x00").decode("ascii", "replace"),
        samples=samples,
        samples_bytes=samples_bytes,
        table_bytes=table_bytes,
        first_utc_ns=first_ns,
        last_utc_ns=last_ns,
        captured_monotonic_ns=monotonic_ns,
        mandate_version=mandate,
        nonce=nonce,
        table_sha256=table_sha256,
        samples_sha256=samples_sha256,
        chain_before=before,
        chain=chain,
    )


def _chain(before: bytes, core: bytes, samples_sha256: bytes) -> bytes:
    return hashlib.sha256(before + core + samples_sha256).digest()
