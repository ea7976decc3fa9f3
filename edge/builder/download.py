"""Fetches one file over HTTP so that a cut costs only what was missing.

What came so far stays beside the file under its SHA-256. The next attempt asks for the rest; a
server that cannot give parts gives all of it again. Whether the whole is right its sum decides.
"""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from edge.errors import Kind, VigieError

TIMEOUT_SECONDS = 30.0
CHUNK_BYTES = 1 << 18
MB = 1_000_000
MAX_MODEL_BYTES = 200 * MB
# A cut that brought something is tried again at once; more of them are the person's decision.
ATTEMPTS = 5

Report = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server sends: from which byte on, and how long the whole file is, if it says so."""

    body: http.client.HTTPResponse
    first_byte: int
    total_bytes: int | None


def download(address: str, part: Path, report: Report) -> None:
    """Fetch `address` into `part`, going on where an earlier attempt stopped.

    report: called with the bytes that are there and the size of the whole, None where unknown.

    Raises:
        VigieError: INVALID_ARGUMENT (no address), UNAVAILABLE (does not answer, was cut off: what
            came is kept), RESOURCE_EXHAUSTED (too large, no room).
    """
    if not address.startswith(("https://", "http://")):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{address}' is no address to download from",
            hint="Give a file, or an address that begins with https://",
        )
    for _ in range(ATTEMPTS):
        before_bytes = _size(part)
        try:
            is_whole = _fetch_rest(address, part, report)
        except (http.client.HTTPException, TimeoutError, OSError, ValueError) as error:
            if isinstance(error, urllib.error.HTTPError) or _size(part) == before_bytes:
                raise _unanswered(address, error) from error
            is_whole = False
        if is_whole:
            return
        if _size(part) == before_bytes:
            break
    raise VigieError(
        Kind.UNAVAILABLE,
        f"the download was cut off after {_size(part) / MB:.1f} MB",
        where=address,
        hint="Give the same command again: it goes on from there if the server can.",
    )


def _fetch_rest(address: str, part: Path, report: Report) -> bool:
    """One attempt; True when the whole file is there, as far as the server says."""
    answer = _ask(address, _size(part))
    if answer is None:
        return True
    _check_size(answer.total_bytes or 0, address)
    with answer.body as body, _open(part, answer.first_byte) as file:
        received = answer.first_byte
        report(received, answer.total_bytes)
        while chunk := body.read(CHUNK_BYTES):
            _write(file, chunk, part)
            received += len(chunk)
            _check_size(received, address)
            report(received, answer.total_bytes)
    return answer.total_bytes is None or received >= answer.total_bytes


def _ask(address: str, have_bytes: int) -> _Answer | None:
    """The answer to a request for what is missing; None when nothing is."""
    headers = {"Range": f"bytes={have_bytes}-"} if have_bytes else {}
    try:
        body = urllib.request.urlopen(  # noqa: S310 - the caller checked the scheme
            urllib.request.Request(address, headers=headers),  # noqa: S310
            timeout=TIMEOUT_SECONDS,
        )
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have_bytes:
            raise
        # RFC 9110 section 14.4: such an answer says how long the file is.
        if refused.headers.get("Content-Range", "") == f"bytes */{have_bytes}":
            return None
        return _ask(address, 0)
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", body.headers.get("Content-Range", ""))
    if body.status == HTTPStatus.PARTIAL_CONTENT:
        if span and int(span[1]) == have_bytes:
            return _Answer(body, have_bytes, None if span[2] == "*" else int(span[2]))
        body.close()
        return _ask(address, 0)
    length = body.headers.get("Content-Length", "")
    return _Answer(body, 0, int(length) if length.isdecimal() else None)


def _open(part: Path, first_byte: int) -> BinaryIO:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("ab" if first_byte else "wb")
    except OSError as error:
        raise _unwritable(part, error) from error


def _write(file: BinaryIO, chunk: bytes, part: Path) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise _unwritable(part, error) from error


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _check_size(size_bytes: int, address: str) -> None:
    if size_bytes > MAX_MODEL_BYTES:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"the file is larger than {MAX_MODEL_BYTES // MB} MB, which no pole's detector is",
            where=address,
            hint="Check the address: it may lead to an archive or to another file.",
        )


def _unanswered(address: str, error: Exception) -> VigieError:
    return VigieError(
        Kind.UNAVAILABLE,
        f"the address does not answer: {_reason(error)}",
        where=address,
        hint="Check the network, or fetch the file elsewhere and add it by its path.",
    )


def _reason(error: Exception) -> str:
    """What is wrong, without the number that the system gives it."""
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason)


def _unwritable(part: Path, error: OSError) -> VigieError:
    return VigieError(
        Kind.RESOURCE_EXHAUSTED,
        f"the file cannot be written: {error.strerror}",
        where=str(part),
        hint="Make room there, or choose another directory: --models DIR",
    )
