"""`vigie-update`, root: a bundle that the link has brought is checked whole and installed.

    python -m edge.update.install [--data DIR]

A path unit starts it when a bundle lies there, and every boot does once: what a power cut left
half done is done again from the start. Nothing is written to a slot before size, hash, signature,
board and version hold; whatever is refused is removed, and the report says why.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EXIT_CODES, Kind, VigieError
from edge.service.image import Image, read_image
from edge.update.boot import BootError, Event, Slot, Stage
from edge.update.bundle import (
    COMPATIBLE,
    Manifest,
    Rauc,
    UpdateRefusedError,
    check_whole,
    held_path,
    take_bundle,
)
from edge.update.floor import VersionFloor
from edge.update.pole_slots import STATE, open_slots
from edge.update.restart import restart
from edge.update.slots import Slots
from edge.update.version import format_version, parse_version
from edge.wire.clip_talk import shorten
from edge.wire.update_talk import (
    Offer,
    Phase,
    Refusal,
    Report,
    TalkError,
    arrived_path,
    read_offer,
    write_report,
)

DEFAULT_DATA = Path("/var/lib/vigie/pole")
logger = logging.getLogger("vigie.update")


@dataclass(frozen=True, slots=True)
class Installer:
    """What an installation needs of the pole. restart: ends this boot."""

    data: Path
    image: Image
    floor: VersionFloor
    rauc: Rauc
    open_slots: Callable[[], AbstractContextManager[Slots]]
    restart: Callable[[], None]

    def run(self) -> None:
        """Do what is to be done now, if anything is. Raises BootError, OSError."""
        with self.open_slots() as slots:
            record = slots.start()[1]
        if record.stage in {Stage.TRYING, Stage.RETURNING}:
            return  # a slot that proves itself first; what lies there waits for the next start
        if not self._has_arrived():
            if record.stage in {Stage.INSTALLED, Stage.ARMED}:
                self._restart_into(Slot(self.image.slot).other)
            return
        offer = self._read_offer()
        if offer is not None:
            # Before it is taken: a link that finds neither bundle nor word fetches it again.
            self._tell(offer, "checking")
        try:
            bundle = take_bundle(self.data)
            if bundle is None:
                return
            offer = _known(offer)
            self._install(bundle, offer)
        except UpdateRefusedError as refused:
            self._refuse(offer, refused)
            return
        held_path(self.data).unlink(missing_ok=True)
        self._tell(offer, "restarting")
        self._restart_into(Slot(self.image.slot).other)

    def check_manifest(self, manifest: Manifest, offer: Offer) -> None:
        """Whether this pole may install it at all. Raises UpdateRefusedError."""
        if manifest.compatible != f"{COMPATIBLE}{self.image.board}":
            what = f"the bundle is for {manifest.compatible}, this is {self.image.board}"
            raise UpdateRefusedError("wrong_board", what)
        version, floor = parse_version(manifest.version), self.floor.read()
        if version is None:
            what = f"'{manifest.version[:40]}' is no version"
            raise UpdateRefusedError("older_version", what)
        if version < floor:
            what = f"the bundle is {manifest.version}; the floor is {format_version(floor)}"
            raise UpdateRefusedError("older_version", what)
        if manifest.version != offer.version:
            what = f"{offer.version} was offered, the bundle is {manifest.version}"
            raise UpdateRefusedError("changed", what)

    def _install(self, bundle: Path, offer: Offer) -> None:
        check_whole(bundle, offer)
        self.check_manifest(self.rauc.read_manifest(bundle), offer)
        self._tell(offer, "installing")
        self.rauc.install(bundle)

    def _restart_into(self, slot: Slot) -> None:
        with self.open_slots() as slots:
            slots.apply(Event.ARM, slot)
        self.restart()

    def _has_arrived(self) -> bool:
        return os.path.lexists(arrived_path(self.data)) or held_path(self.data).exists()

    def _read_offer(self) -> Offer | None:
        try:
            return read_offer(self.data)
        except TalkError as wrong:
            logger.warning("offer_unreadable reason=%s", wrong.what)
            return None

    def _refuse(self, offer: Offer | None, refused: UpdateRefusedError) -> None:
        held_path(self.data).unlink(missing_ok=True)
        logger.warning("update_refused refusal=%s reason=%s", refused.refusal, refused.what)
        if offer is not None:
            self._tell(offer, "refused", refused.refusal, refused.what)

    def _tell(
        self, offer: Offer, phase: Phase, refusal: Refusal | None = None, message: str = ""
    ) -> None:
        logger.info("update version=%s phase=%s", offer.version, phase)
        write_report(self.data, Report(offer, phase, refusal, shorten(message)))


def _known(offer: Offer | None) -> Offer:
    if offer is None:
        raise UpdateRefusedError("not_possible", "a bundle came without an offer")
    return offer


def make_installer(data: Path, root: Path = Path("/")) -> Installer:
    """For the pole that this runs on. Raises BootError where it runs no image."""
    image = read_image(root)
    running = parse_version(image.version) if image else None
    if image is None or running is None:
        raise BootError(Kind.FAILED_PRECONDITION, "this machine runs no image: it takes no update")
    return Installer(
        data=data,
        image=image,
        floor=VersionFloor(root / STATE, data, running),
        rauc=Rauc(),
        open_slots=lambda: open_slots(image, root),
        restart=lambda: restart(root),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Install what lies there; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="the pole's state")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        make_installer(asked.data).run()
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"vigie: {error.filename}: {error.strerror}\n")
        return EXIT_CODES[Kind.UNAVAILABLE]
    return 0


if __name__ == "__main__":
    sys.exit(main())
