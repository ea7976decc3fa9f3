"""The seal of a fragment: what opens it, and that its header's hash is under it too."""

from dataclasses import replace

import pytest

from edge.vault.disk import RingError
from edge.vault.record import NO_CHAIN, Header, read_header, write_header
from edge.vault.sealing import (
    AES_256_GCM,
    CHACHA20_POLY1305,
    check_seal,
    describe,
    open_seal,
    seal,
)
from tests.fakes.footage import record

KEY = bytes(range(32))
SAMPLES, TABLE = b"samples of a camera", b"table"


def _described(suite: int = AES_256_GCM) -> Header:
    _, fragment = record(2).fragments[0]
    fragment = replace(fragment, samples=SAMPLES)
    header, _ = describe(fragment, seq=7, day=1, suite=suite, mandate_version=3, before=NO_CHAIN)
    return replace(header, table_bytes=len(TABLE))


@pytest.mark.parametrize("suite", [AES_256_GCM, CHACHA20_POLY1305])
def test_every_bit_of_header_and_sealed_bytes_is_under_the_seal(suite: int) -> None:
    header = _described(suite)
    sealed = seal(KEY, header, SAMPLES, TABLE)
    assert open_seal(KEY, header, sealed) == SAMPLES + TABLE
    for place in range(len(sealed)):
        with pytest.raises(RingError, match="its seal is broken"):
            open_seal(KEY, header, _flipped(sealed, place))
    stored = write_header(header)
    for place in range(len(stored)):
        # Most are no header any more: its chain does not follow. None is one that opens.
        altered = read_header(_flipped(stored, place))
        if altered is not None:
            with pytest.raises(RingError):
                open_seal(KEY, altered, sealed)


def test_samples_do_not_open_under_another_hash_than_they_were_sealed_with() -> None:
    header = _described()
    sealed = seal(KEY, header, SAMPLES, TABLE)
    # Its chain follows from it, so nothing but the seal can tell.
    lie = read_header(write_header(replace(header, samples_sha256=bytes(32))))
    assert lie is not None
    with pytest.raises(RingError, match="its seal is broken"):
        open_seal(KEY, lie, sealed)


def test_a_hash_that_was_wrong_before_the_seal_is_found_by_the_check_of_the_ring() -> None:
    header = replace(_described(), samples_sha256=bytes(32))
    sealed = seal(KEY, header, SAMPLES, TABLE)
    assert open_seal(KEY, header, sealed) == SAMPLES + TABLE
    with pytest.raises(RingError, match="do not have the hash that its header states"):
        check_seal(KEY, header, sealed)


def _flipped(content: bytes, place: int) -> bytes:
    altered = bytearray(content)
    altered[place] ^= 1
    return bytes(altered)
