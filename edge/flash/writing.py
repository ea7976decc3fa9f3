"""An image onto a card, in an order that leaves nothing half trusted.

1. The card's beginning, where its partition table stands, is blanked: whatever was on it is gone.
2. The image from its second chunk on, synced chunk by chunk, so that progress is what is written.
3. The first chunk, with the partition table: only now is it a disk again.
4. All of it is read back from the medium and compared.
5. A token for a visit, if there is one, and the provisioning file go onto `sel`, and are read back.

Cut anywhere before 3, the card boots nowhere; before 5, it boots and is nobody. Whatever fails, the
beginning is blanked again, as far as the card still listens.
"""

import contextlib
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from edge.errors import Kind
from edge.flash.card import Medium
from edge.flash.image import CHUNK_BYTES, Image, Report
from edge.flash.problem import ANOTHER_CARD, FlashError, disk_failed
from edge.flash.selection import Selection
from edge.provision.places import VISIT_ON_CARD
from edge.provision.signing import PLACE_ON_CARD


@dataclass(frozen=True, slots=True)
class Written:
    """What stands on a card now. digests: SHA-256 of every chunk, in the order of the image."""

    size_bytes: int
    digests: tuple[bytes, ...]


Watch = Callable[[str], AbstractContextManager[Report]]
"""Shows how far the work of some words is."""


def write_card(
    image: Image,
    provision: bytes,
    medium: Medium,
    *,
    find: Callable[[], Selection],
    watch: Watch,
    visit: bytes | None = None,
) -> Written:
    """All five steps; the image was checked before. find: the partition, once the table is there.
    visit: a technician's token; None: the page stays shut.

    Raises VigieError; then the card boots nowhere.
    """
    try:
        with watch(f"writing {medium.name}") as report:
            written = write_image(image, medium, report)
        with watch(f"reading {medium.name} back") as report:
            compare_image(written, medium, report)
        if visit is not None:
            add_file(VISIT_ON_CARD, visit, medium, find)
        add_file(PLACE_ON_CARD, provision, medium, find)
    except BaseException:
        blank_beginning(medium)
        raise
    return written


@dataclass(slots=True)
class _Copy:
    """The image on its way. Its first chunk waits for all others."""

    first: bytes = b""
    done_bytes: int = 0
    whole: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    digests: list[bytes] = field(default_factory=list)

    def take(self, chunk: bytes) -> None:
        self.whole.update(chunk)
        self.digests.append(hashlib.sha256(chunk).digest())
        self.done_bytes += len(chunk)


def write_image(image: Image, medium: Medium, report: Report) -> Written:
    """Steps 1 to 3. Raises FlashError, also when the image changed since it was checked."""
    copy = _Copy()
    for chunk in image.read_chunks():
        offset = copy.done_bytes
        copy.take(chunk)
        if offset:
            _put(medium, chunk, offset)
        else:
            copy.first = chunk
            _put(medium, bytes(len(chunk)), 0)
        report(copy.done_bytes, image.size_bytes)
    image.check_digest(copy.whole.hexdigest())
    _put(medium, copy.first, 0)
    return Written(copy.done_bytes, tuple(copy.digests))


def compare_image(written: Written, medium: Medium, report: Report) -> None:
    """Step 4. Raises FlashError(DATA_LOSS) at the first chunk that is not what was written."""
    try:
        medium.forget()
    except OSError as error:
        raise disk_failed(error, medium.name, "read back", 0) from error
    offset = 0
    for digest in written.digests:
        found = _get(medium, min(CHUNK_BYTES, written.size_bytes - offset), offset)
        if hashlib.sha256(found).digest() != digest:
            raise FlashError(
                Kind.DATA_LOSS,
                "what was read back is not what was written",
                where=f"{medium.name} at {offset / 1_000_000:.1f} MB",
                hint=ANOTHER_CARD,
            )
        offset += len(found)
        report(offset, written.size_bytes)


def add_file(name: str, content: bytes, medium: Medium, find: Callable[[], Selection]) -> None:
    """Step 5. find: the partition, now that the table is there. Raises VigieError."""
    selection = find()
    selection.write_file(name, content)
    try:
        medium.sync()
        medium.forget()
    except OSError as error:
        raise disk_failed(error, medium.name, "written", selection.offset_bytes) from error
    if selection.read_file(name) != content:
        raise FlashError(
            Kind.DATA_LOSS,
            "the file that was read back is not the one that was written",
            where=f"{medium.name}: {name}",
            hint=ANOTHER_CARD,
        )


def blank_beginning(medium: Medium) -> None:
    """Take the partition table away again, as far as the medium still listens."""
    with contextlib.suppress(OSError, FlashError):
        _put(medium, bytes(CHUNK_BYTES), 0)


def _put(medium: Medium, chunk: bytes, offset: int) -> None:
    at = 0
    try:
        while at < len(chunk):
            taken = medium.write(chunk[at:], offset + at)
            if taken <= 0:
                raise _stuck(medium, offset + at)
            at += taken
        medium.sync()
    except OSError as error:
        raise disk_failed(error, medium.name, "written", offset + at) from error


def _get(medium: Medium, size_bytes: int, offset: int) -> bytes:
    found = b""
    try:
        while len(found) < size_bytes:
            part = medium.read(size_bytes - len(found), offset + len(found))
            if not part:
                raise _stuck(medium, offset + len(found))
            found += part
    except OSError as error:
        raise disk_failed(error, medium.name, "read back", offset + len(found)) from error
    return found


def _stuck(medium: Medium, offset: int) -> FlashError:
    return FlashError(
        Kind.RESOURCE_EXHAUSTED,
        "the disk ends before the image does",
        where=f"{medium.name} at {offset / 1_000_000:.1f} MB",
        hint=ANOTHER_CARD,
    )
