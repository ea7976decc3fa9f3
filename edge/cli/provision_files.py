"""Provisioning files that a person named: read, believed or not, each error with its path."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from edge.cli.named_files import read_file
from edge.flash.labels import Label
from edge.mandate.keys import PublicKey
from edge.provision.keys import MAX_KEY_BYTES, load_public
from edge.provision.problem import ProvisionError
from edge.provision.signing import (
    MAX_FILE_BYTES,
    Unverified,
    check_board,
    check_moment,
    read_unverified,
    verify_provisioning,
)
from edge.provision.statement import Provisioning

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a pole's image knows: whose files it believes, and its board; empty: any."""

    key: PublicKey
    board: str = ""


def read_unverified_file(path: Path) -> Unverified:
    """What a file says, whoever signed it. Raises VigieError."""
    content = read_file(path, MAX_FILE_BYTES)
    return _placed(path, lambda: read_unverified(content))


def read_public_file(path: Path) -> PublicKey:
    """The key of a NAME.pub. Raises VigieError."""
    content = read_file(path, MAX_KEY_BYTES)
    return _placed(path, lambda: load_public(content, path.stem))


def check_file(path: Path, fleet: Fleet, now: datetime) -> Provisioning:
    """What a pole of this fleet would believe at this moment. Raises VigieError."""
    return check_content(path, read_file(path, MAX_FILE_BYTES), fleet, now)


def check_content(path: Path, content: bytes, fleet: Fleet, now: datetime) -> Provisioning:
    """As check_file, of a file that was read. Raises VigieError."""

    def check() -> Provisioning:
        made = verify_provisioning(content, fleet.key)
        if fleet.board:
            check_board(made, fleet.board)
        check_moment(made, now)
        return made

    return _placed(path, check)


def read_label(path: Path) -> Label:
    """What is stuck onto the pole of a file. Raises VigieError."""
    from edge.site.check import load_site  # noqa: PLC0415 - loads pydantic

    made = read_unverified_file(path).provisioning
    site = load_site(made.site, file=str(path))
    return Label(made.device, site.site.name, made.collector)


def _placed(path: Path, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except ProvisionError as error:
        raise ProvisionError(
            error.kind,
            error.what,
            where=str(path),
            hint=error.hint,
            problems=error.problems,
            refusal=error.refusal,
        ) from None
