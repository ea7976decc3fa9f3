"""What stands in the files of `vigie mandate`: keys, trust, statements and envelopes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from edge.cli.named_files import MAX_FILE_BYTES, read_file
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

_KEY_SUFFIX = ".key.pem"
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A mandate or revocation, signed or not. keyids: whose signatures it claims."""

    statement: Mandate | Revocation
    payload: bytes
    keyids: tuple[str, ...]


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
