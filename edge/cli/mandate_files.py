"""The files of `vigie mandate`: keys, trust, statements and envelopes, read and written whole."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from edge.errors import Kind, VigieError
from edge.mandate.envelope import MANDATE, REVOCATION, open_envelope
from edge.mandate.keys import (
    MAX_KEY_FILE_BYTES,
    PublicKey,
    SigningKey,
    is_protected,
    load_private_pem,
    load_public_key,
)
from edge.mandate.problem import MandateError
from edge.mandate.statement import Mandate, Revocation, parse_mandate, parse_revocation
from edge.mandate.trust import Reader, Trust, load_reader, load_trust, write_trust
from edge.wire.strict_json import parse_object

MAX_FILE_BYTES = 65_536
_KEY_SUFFIX = ".key.pem"
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A mandate or revocation, signed or not. keyids: whose signatures it claims."""

    statement: Mandate | Revocation
    payload: bytes
    keyids: tuple[str, ...]


def read_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """A file of bounded size. Raises VigieError."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise VigieError(Kind.NOT_FOUND, "there is no such file", where=str(path)) from None
    except OSError as error:
        raise VigieError(
            Kind.PERMISSION_DENIED, f"cannot be read ({error.strerror})", where=str(path)
        ) from None
    if len(content) > max_bytes:
        what = f"has more than {max_bytes} bytes"
        raise VigieError(Kind.INVALID_ARGUMENT, what, where=str(path))
    return content


def read_key(path: Path) -> SigningKey:
    """A private key; asks for its passphrase when it has one. Raises VigieError."""
    pem = read_file(path, MAX_KEY_FILE_BYTES)
    passphrase = None
    if is_protected(pem):
        asked = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
        passphrase = str(asked).encode()
    return load_private_pem(path.name.removesuffix(_KEY_SUFFIX), pem, passphrase)


def is_signed(content: bytes) -> bool:
    """Whether this is an envelope rather than a bare statement. Raises MandateError."""
    record = parse_object(content, what="the file", max_bytes=MAX_FILE_BYTES, refusal=MandateError)
    return "payloadType" in record


def read_statement(content: bytes) -> ReadStatement:
    """What a file says, whoever signed it. Raises MandateError."""
    if is_signed(content):
        opened = open_envelope(content)
        payload, keyids, kind = opened.payload, opened.keyids, opened.payload_type
    else:
        payload, keyids = content, ()
        record = parse_object(
            content, what="the file", max_bytes=MAX_FILE_BYTES, refusal=MandateError
        )
        kind = REVOCATION if "mandate_sha256" in record else MANDATE
    if kind == REVOCATION:
        return ReadStatement(parse_revocation(payload), payload, keyids)
    return ReadStatement(parse_mandate(payload), payload, keyids)


def gather_trust(
    *,
    authority: str,
    threshold: int,
    keys: Sequence[Path],
    clip_key: Path | None,
    readers: Sequence[Path],
    version_floor: int,
) -> Trust:
    """The trust of some files. Raises VigieError."""
    public = tuple(_public_key(path) for path in keys)
    clip = _public_key(clip_key) if clip_key else None
    known = tuple(_reader(path) for path in readers)
    made = Trust(authority, threshold, public, clip, known, version_floor)
    # As every pole will read it: with every check.
    return load_trust(write_trust(made))


def write_new(path: Path, content: bytes, *, is_secret: bool) -> None:
    """Write a file that must not exist yet. Raises VigieError."""
    mode = 0o600 if is_secret else 0o644
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "exists already and is not overwritten",
            where=str(path),
            hint="Name another place with --out, or move the old file away.",
        ) from None
    except OSError as error:
        raise _unwritten(path, error) from None
    with open(handle, "wb") as file:  # noqa: PTH123 - opened by handle, for the mode
        file.write(content)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises VigieError."""
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise _unwritten(path, error) from None


def _public_key(path: Path) -> PublicKey:
    return _placed(path, load_public_key)


def _reader(path: Path) -> Reader:
    return _placed(path, load_reader)


def _placed(path: Path, load: Callable[[bytes], _Read]) -> _Read:
    content = read_file(path, MAX_KEY_FILE_BYTES)
    try:
        return load(content)
    except MandateError as error:
        raise MandateError(
            error.kind, error.what, where=str(path), hint=error.hint, problems=error.problems
        ) from None


def _unwritten(path: Path, error: OSError) -> VigieError:
    what = f"cannot be written ({error.strerror})"
    return VigieError(Kind.UNAVAILABLE, what, where=str(path))
