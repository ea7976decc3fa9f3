"""How the bytes of a row prove themselves: a mark in front, a CRC-32C behind.

Every row begins with a four-byte mark and the spool's epoch, so a salvager finds it in the raw
file when the tree above it is broken. Content with one wrong bit is put right: CRC-32C keeps
Hamming distance 6 over the longest header here, so the answer is unique.
"""

import struct
from collections.abc import Callable
from typing import TypeVar

import google_crc32c

CRC = struct.Struct("<I")

Row = TypeVar("Row")


def crc_of(content: bytes) -> bytes:
    """The CRC-32C as it stands in a row."""
    return CRC.pack(google_crc32c.value(content))


def sealed(content: bytes) -> bytes:
    """The content with its CRC behind it."""
    return content + crc_of(content)


def righted(row: bytes, size_bytes: int) -> bytes | None:
    """The first bytes of a row if the CRC behind them agrees, at most one bit put right."""
    if len(row) < size_bytes + CRC.size:
        return None
    content = bytearray(row[:size_bytes])
    stated: int = CRC.unpack_from(row, size_bytes)[0]
    difference = google_crc32c.value(bytes(content)) ^ stated
    if not difference or difference.bit_count() == 1:
        return bytes(content)
    for bit in range(size_bytes * 8):
        content[bit >> 3] ^= 1 << (bit & 7)
        if google_crc32c.value(bytes(content)) == stated:
            return bytes(content)
        content[bit >> 3] ^= 1 << (bit & 7)
    return None


def opened(
    row: bytes, form: struct.Struct, mark: bytes, epoch: int | None, build: Callable[..., Row]
) -> Row | None:
    """What `build` makes of a row of fixed form (mark, epoch, fields), or None.

    epoch: the spool's; a row of another is not one. None takes any.
    """
    content = righted(row, form.size)
    if content is None or not content.startswith(mark):
        return None
    found = form.unpack(content)
    if epoch is not None and found[1] != epoch:
        return None
    return build(*found[1:])
