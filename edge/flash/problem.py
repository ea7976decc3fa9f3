"""The error of writing a card: the wrong disk, a damaged image, a disk that fails."""

import errno

from edge.errors import Kind, VigieError

ANOTHER_CARD = "The card cannot be used as it is: write it again, or take another card."
_MB = 1_000_000


class FlashError(VigieError):
    """A card was not written, or not whole."""


def disk_failed(error: OSError, name: str, doing: str, offset: int) -> FlashError:
    """The error for a disk that stopped working at a byte offset."""
    place = f"{name} at {offset / _MB:.1f} MB"
    match error.errno:
        case errno.ENODEV | errno.ENXIO | errno.ENOMEDIUM:
            what, kind = f"the disk went away while it was {doing}", Kind.UNAVAILABLE
        case errno.ENOSPC | errno.EFBIG:
            what, kind = "the disk is full before the image ends", Kind.RESOURCE_EXHAUSTED
        case errno.EROFS | errno.EACCES | errno.EPERM:
            what, kind = "the disk is write-protected", Kind.PERMISSION_DENIED
        case _:
            what = f"the disk failed while it was {doing} ({error.strerror})"
            kind = Kind.DATA_LOSS
    return FlashError(kind, what, where=place, hint=ANOTHER_CARD)
