"""One card to write: the image, the pole's file, and all checks that come before a byte."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.cli import voice
from edge.cli.named_files import read_file, unusable
from edge.cli.progress import show_progress
from edge.cli.provision_files import Fleet, check_content, read_public_file
from edge.doctor.token import read_unverified
from edge.errors import Kind
from edge.flash import disks
from edge.flash.card import Card
from edge.flash.disks import Disk
from edge.flash.image import Image, load_image
from edge.flash.problem import FlashError
from edge.flash.programs import require_programs
from edge.flash.selection import find_selection
from edge.flash.writing import write_card
from edge.provision.places import MAX_VISIT_BYTES
from edge.provision.signing import MAX_FILE_BYTES

FLEET_KEY_NAME = "provision.pub"


@dataclass(frozen=True, slots=True)
class Job:
    """An image and the file of one pole, which the poles of that image believe.

    provision: the file's bytes, as they were checked. visit: a technician's token for its first
    start; None: there is none. is_signed: the fleet's key, which was at hand, signed the image.
    """

    image: Image
    device: str
    provision: bytes
    visit: bytes | None = None
    is_signed: bool = False

    @property
    def words(self) -> str:
        """What is written, for a person."""
        brought = " with a visit" if self.visit else ""
        return f"{self.image.path.name} for {self.device}{brought}"

    def require_programs(self) -> None:
        """Raises FlashError naming what must be installed first."""
        require_programs("lsblk", "sfdisk", "mcopy", "mtype")

    def tell_signature(self) -> None:
        """Whether somebody's word stands behind the image, or only its maker's hashes."""
        if self.is_signed:
            voice.say(f"vigie: {self.image.path.name} is signed by the fleet's key")
        else:
            voice.say(
                f"vigie: who made {self.image.path.name} was not checked: no fleet's key is at hand"
                f"\n  Give it with --fleet-key {FLEET_KEY_NAME}, or put it beside the pole's file."
            )

    def find_disk(self, named: str) -> Disk:
        """The disk of this name, if the image may be written over it. Raises FlashError."""
        found = disks.find_disk(disks.list_disks(), named)
        disks.check_disk(found, self.image.size_bytes)
        return found

    def check_file(self, to: Path) -> None:
        """Raises FlashError unless a new file may be made there."""
        if to.exists():
            is_image = to.samefile(self.image.path)
            raise FlashError(
                Kind.FAILED_PRECONDITION,
                "this is the image itself" if is_image else "exists already and is not overwritten",
                where=str(to),
                hint="Name another file with --to.",
            )

    def check_image(self, said: voice.Voice) -> None:
        """Say who stands behind the image, and read all of it. Raises FlashError(DATA_LOSS)."""
        self.tell_signature()
        with show_progress(said, f"checking {self.image.path.name}", "bytes") as report:
            self.image.check(report)

    def write_disk(self, said: voice.Voice, disk: Disk) -> None:
        """Overwrite the disk, if it still is the one that the person meant. Raises VigieError."""
        if self.find_disk(disk.path) != disk:
            raise FlashError(
                Kind.FAILED_PRECONDITION,
                "this is another disk than a moment ago",
                where=disk.path,
                hint="Nothing was written. Look at 'vigie flash' and begin again.",
            )
        path = Path(disk.path)
        with Card(path) as card:
            self._write(said, card, path)

    def write_file(self, said: voice.Voice, to: Path) -> None:
        """Write a file, whole or not at all. Raises VigieError."""
        fresh = to.with_name(f".{to.name}.new")
        try:
            # Of a run that was killed.
            fresh.unlink(missing_ok=True)
            with Card(fresh, size_bytes=self.image.size_bytes) as card:
                self._write(said, card, fresh)
            fresh.rename(to)
        except OSError as error:
            raise unusable(error, to) from error
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink()

    def _write(self, said: voice.Voice, card: Card, path: Path) -> None:
        write_card(
            self.image,
            self.provision,
            card,
            find=lambda: find_selection(path),
            watch=lambda what: show_progress(said, what, "bytes"),
            visit=self.visit,
        )


def load_job(
    image_path: Path, file: Path, visit: Path | None = None, fleet_key: Path | None = None
) -> Job:
    """The job of an image and a pole's file. visit: a technician's token, if one goes along.

    fleet_key: the provision.pub that must have signed the image; None: the one beside the pole's
    file, where there is one. Raises VigieError where a pole would refuse it.
    """
    beside = file.with_name(FLEET_KEY_NAME)
    trusted = fleet_key or (beside if beside.is_file() else None)
    image = load_image(image_path, None if trusted is None else read_public_file(trusted))
    content = read_file(file, MAX_FILE_BYTES)
    fleet = Fleet(image.provision_key, image.board)
    made = check_content(file, content, fleet, datetime.now(UTC))
    brought = None if visit is None else _read_visit(visit, made.device)
    return Job(image, made.device, content, brought, is_signed=trusted is not None)


def _read_visit(file: Path, device: str) -> bytes:
    """A token for this pole; only the pole itself knows the key that it must be signed with."""
    content = read_file(file, MAX_VISIT_BYTES)
    token = read_unverified(content)
    if token.device != device:
        raise FlashError(
            Kind.INVALID_ARGUMENT,
            f"this token is for {token.device}, and the card is for {device}",
            where=str(file),
            hint=f"Make one: vigie doctor token {device} --key technician.key --out visit.json",
        )
    return content
