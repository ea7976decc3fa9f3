"""A provisioning file in its envelope: signed in the control room, believed on the pole.

The order on the pole: `verify_provisioning` (is it the fleet's word?), then `check_board`, then
`check_moment` once the clock can be believed. Nothing in the file is acted upon before the first.
"""

from dataclasses import dataclass
from datetime import datetime

from edge.errors import Kind
from edge.mandate.envelope import open_envelope, sign_payload, verify_opened
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.mandate.statement import utc_text
from edge.provision.problem import ProvisionError, Refusal
from edge.provision.statement import (
    MAX_STATEMENT_BYTES,
    Provisioning,
    parse_provisioning,
    write_provisioning,
)

PROVISIONING = "application/vnd.vigie.provision+json"
MAX_FILE_BYTES = 2 * MAX_STATEMENT_BYTES
"""A statement in base64, with its envelope and the signature."""
PLACE_ON_CARD = "vigie/provision.json"
"""On the partition `sel`; removed there once it was applied."""
_MAKE_ANOTHER = "Make another one in the control room: 'vigie provision new'."


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a file says, whoever signed it. keyids: whose signatures it claims."""

    provisioning: Provisioning
    keyids: tuple[str, ...]


def sign_provisioning(provisioning: Provisioning, key: SigningKey) -> bytes:
    """The file for a card. Raises ProvisionError for what no pole would take."""
    payload = write_provisioning(provisioning)
    parse_provisioning(payload)
    return sign_payload(payload, PROVISIONING, key)


def read_unverified(received: bytes) -> Unverified:
    """What a file says. Nothing in it is believed. Raises ProvisionError."""
    return _take(received, key=None)


def verify_provisioning(received: bytes, key: PublicKey) -> Provisioning:
    """What the fleet's key signed. Raises ProvisionError: UNREADABLE or NOT_SIGNED."""
    return _take(received, key=key).provisioning


def check_board(provisioning: Provisioning, board: str) -> None:
    """Raises ProvisionError(WRONG_BOARD) when the file is for another image than this one."""
    if provisioning.board != board:
        raise ProvisionError(
            Kind.FAILED_PRECONDITION,
            f"the provisioning file is for board {provisioning.board}, and this is {board}",
            hint=_MAKE_ANOTHER,
            refusal=Refusal.WRONG_BOARD,
        )


def check_moment(provisioning: Provisioning, now: datetime) -> None:
    """Raises ProvisionError(EXPIRED) when the file is over by now."""
    if now >= provisioning.expires:
        raise ProvisionError(
            Kind.FAILED_PRECONDITION,
            f"the provisioning file of {provisioning.device} expired on "
            f"{utc_text(provisioning.expires)}",
            hint=_MAKE_ANOTHER,
            refusal=Refusal.EXPIRED,
        )


def _take(received: bytes, key: PublicKey | None) -> Unverified:
    try:
        opened = open_envelope(received, max_bytes=MAX_FILE_BYTES)
    except MandateError as error:
        raise ProvisionError(
            error.kind, f"this is no provisioning file: {error.what}", hint=_MAKE_ANOTHER
        ) from error
    if opened.payload_type != PROVISIONING:
        what = f'this is no provisioning file: the envelope holds "{opened.payload_type}"'
        raise ProvisionError(Kind.INVALID_ARGUMENT, what, hint=_MAKE_ANOTHER)
    if key is not None:
        try:
            verify_opened(opened, [key], threshold=1)
        except MandateError as error:
            raise ProvisionError(
                Kind.PERMISSION_DENIED,
                f"the provisioning file is not signed by the fleet's key: {error.what}",
                hint=_MAKE_ANOTHER,
                refusal=Refusal.NOT_SIGNED,
            ) from error
    return Unverified(parse_provisioning(opened.payload), opened.keyids)
