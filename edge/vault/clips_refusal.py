"""What a failure means to whoever asked for a clip: one word of a closed list, and a sentence."""

import errno

from edge.errors import Kind, VigieError
from edge.vault.orders import No, Refusal

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOS: dict[Kind, No] = {
    Kind.DATA_LOSS: No.DAMAGED,
    Kind.NOT_FOUND: No.NOT_IN_RING,
    Kind.RESOURCE_EXHAUSTED: No.TOO_LONG,
    Kind.FAILED_PRECONDITION: No.CODING_CHANGES,
    Kind.PERMISSION_DENIED: No.NOT_SIGNED,
    Kind.INVALID_ARGUMENT: No.MALFORMED,
}


def refusal_of(error: VigieError | OSError) -> Refusal:
    """The refusal behind a failure."""
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return Refusal(No.DISK_FULL, "the pole's disk is full; nothing was kept of this clip")
        return Refusal(No.DISK_FAILING, f"the pole's disk failed ({error.strerror})")
    message = f"{error.what}. {error.hint}" if error.hint else error.what
    return Refusal(_NOS.get(error.kind, No.DISK_FAILING), message)
