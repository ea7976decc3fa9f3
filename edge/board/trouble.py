"""Why a pole is not at work yet: a closed list, the same in journal, report, light and guide."""

from enum import Enum

from edge.errors import Kind, VigieError
from edge.provision.problem import ProvisionError, Refusal


class Trouble(Enum):
    """One reason; its value is the word in journal and report."""

    NO_PROVISIONING = "no_provisioning"
    """The card holds no provisioning file, and this pole was never enrolled."""
    UNREADABLE = "unreadable"
    """The provisioning file is none, or of another release."""
    NOT_SIGNED = "not_signed"
    """The fleet's key did not sign the provisioning file as it is."""
    WRONG_BOARD = "wrong_board"
    """The provisioning file is for another kind of board."""
    EXPIRED = "expired"
    """The provisioning file is over."""
    BARE_BOARD = "bare_board"
    """The board holds no secret where its profile says that it does."""
    STATE_LOCKED = "state_locked"
    """The partition `state` was made by another board."""
    NO_NETWORK = "no_network"
    """The collector cannot be reached."""
    BAD_CLOCK = "bad_clock"
    """The collector's word about the time does not prove anything."""
    WRONG_AUTHORITY = "wrong_authority"
    """Who answers is not certified by the CA in the provisioning file."""
    WRONG_TRUST = "wrong_trust"
    """The collector hands out another trust file than the one whose fingerprint is wanted."""
    REFUSED = "refused"
    """The collector refuses: the token was used or has expired, or the device is revoked."""
    DATA_MISSING = "data_missing"
    """There is no partition `data`: the card is too small or was cut short."""
    DATA_LOCKED = "data_locked"
    """The partition `data` does not open with this board's secret and this share."""
    STORAGE = "storage"
    """A partition cannot be made, mounted or written."""


class BoardError(VigieError):
    """What keeps a pole from work, with its name."""

    def __init__(
        self,
        trouble: Trouble,
        what: str,
        *,
        kind: Kind = Kind.FAILED_PRECONDITION,
        hint: str | None = None,
    ) -> None:
        super().__init__(kind, what, hint=hint)
        self.trouble = trouble


_OF_REFUSAL = {
    Refusal.UNREADABLE: Trouble.UNREADABLE,
    Refusal.NOT_SIGNED: Trouble.NOT_SIGNED,
    Refusal.WRONG_BOARD: Trouble.WRONG_BOARD,
    Refusal.EXPIRED: Trouble.EXPIRED,
}


def name_trouble(error: VigieError) -> Trouble:
    """The trouble behind any error of these programs; STORAGE where nothing says more."""
    if isinstance(error, BoardError):
        return error.trouble
    if isinstance(error, ProvisionError):
        return _OF_REFUSAL[error.refusal]
    return Trouble.STORAGE


def name_call(error: VigieError, *, is_connecting: bool) -> BoardError:
    """The error of a call to the collector, with its trouble.

    is_connecting: it failed before the collector said anything.
    """
    if error.kind is Kind.UNAVAILABLE:
        trouble = Trouble.NO_NETWORK
    elif is_connecting:
        trouble = Trouble.WRONG_AUTHORITY
    else:
        trouble = Trouble.REFUSED
    return BoardError(trouble, error.what, kind=error.kind, hint=error.hint)
