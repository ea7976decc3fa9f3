"""Sealing and opening one fragment, by the faster of AES-256-GCM and ChaCha20-Poly1305.

The nonce is drawn at random: a seq may be given twice after a crash, a nonce must not be. A day
has some 43,000 fragments of a camera, so two equal ones in 96 bits do not happen.
"""

import hashlib
import secrets
import time
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from edge.errors import Kind
from edge.vault.disk import RingError
from edge.vault.fragment import Fragment, Samples, read_table, write_table
from edge.vault.record import NO_CHAIN, Header, write_header

AES_256_GCM, CHACHA20_POLY1305 = 1, 2
_CIPHERS: dict[int, type[AESGCM] | type[ChaCha20Poly1305]] = {
    AES_256_GCM: AESGCM,
    CHACHA20_POLY1305: ChaCha20Poly1305,
}
NONCE_BYTES = 12
_TRIAL_BYTES = 256 * 1024


def choose_suite() -> int:
    """The faster of the two here: some boards have instructions of their own for one of them."""
    plain, key, nonce = bytes(_TRIAL_BYTES), bytes(32), bytes(NONCE_BYTES)

    def spent_ns(suite: int) -> int:
        cipher = _CIPHERS[suite](key)
        cipher.encrypt(nonce, plain, None)
        start_ns = time.thread_time_ns()
        cipher.encrypt(nonce, plain, None)
        return time.thread_time_ns() - start_ns

    return min(_CIPHERS, key=spent_ns)


def describe(
    fragment: Fragment, *, seq: int, day: int, suite: int, mandate_version: int, before: bytes
) -> tuple[Header, bytes]:
    """The header of a fragment that is to be sealed, and the table that stands behind its samples.

    before: the chain of the camera's fragment before this one, zeros for its first.
    """
    table = write_table(fragment.stream, fragment.rows)
    header = Header(
        seq=seq,
        day=day,
        suite=suite,
        starts_at_key=fragment.starts_at_key,
        is_split=fragment.is_split,
        gap=fragment.gap,
        clock_error_ms=fragment.clock_error_ms,
        clock_source=fragment.clock_source,
        samples=len(fragment.rows),
        samples_bytes=len(fragment.samples),
        table_bytes=len(table),
        first_utc_ns=fragment.first_utc_ns,
        last_utc_ns=fragment.last_utc_ns,
        captured_monotonic_ns=fragment.captured_monotonic_ns,
        mandate_version=mandate_version,
        nonce=secrets.token_bytes(NONCE_BYTES),
        table_sha256=hashlib.sha256(table).digest(),
        samples_sha256=hashlib.sha256(fragment.samples).digest(),
        chain_before=before,
        chain=NO_CHAIN,
    )
    packed = write_header(header)
    return replace(header, chain=packed[-len(NO_CHAIN) :]), table


def seal(key: bytes, header: Header, samples: Samples, table: bytes) -> bytes:
    """What stands behind the header on the disk."""
    cipher = _CIPHERS[header.suite](key)
    return cipher.encrypt(header.nonce, b"".join((samples, table)), write_header(header))


def open_seal(key: bytes, header: Header, sealed: bytes) -> memoryview:
    """The plaintext behind a header: samples, then table.

    The header is the seal's associated data, so the hash that it states is proven with the bytes:
    whoever held the day's key sealed these samples under this hash.

    Raises RingError DATA_LOSS when a byte is not as it was written.
    """
    cipher = _CIPHERS.get(header.suite)
    if cipher is None:
        raise _damaged(f"it is sealed with suite {header.suite}, which this version does not know")
    try:
        plain = cipher(key).decrypt(header.nonce, sealed, write_header(header))
    except InvalidTag:
        raise _damaged("its seal is broken: a byte was changed, or the key is another") from None
    return memoryview(plain)


def check_seal(key: bytes, header: Header, sealed: bytes) -> None:
    """Open a seal and hash its samples again, which finds what was wrong before it was sealed.

    Raises RingError DATA_LOSS as `open_seal`, or when they have not the hash their header states.
    """
    samples = open_seal(key, header, sealed)[: header.samples_bytes]
    if hashlib.sha256(samples).digest() != header.samples_sha256:
        raise _damaged("its samples do not have the hash that its header states")


def unseal(key: bytes, header: Header, sealed: bytes, camera: str) -> Fragment:
    """The fragment behind a header. Raises RingError as `open_seal`."""
    plain = open_seal(key, header, sealed)
    stream, rows = read_table(bytes(plain[header.samples_bytes :]))
    return Fragment(
        camera=camera,
        stream=stream,
        samples=plain[: header.samples_bytes],
        rows=rows,
        captured_monotonic_ns=header.captured_monotonic_ns,
        clock_error_ms=header.clock_error_ms,
        clock_source=header.clock_source,
        is_split=header.is_split,
        gap=header.gap,
    )


def _damaged(what: str) -> RingError:
    return RingError(Kind.DATA_LOSS, what)
