"""Applies a provisioning file once: clock, enrolment, data partition, then the file goes.

    python -m edge.board.first_boot

The order of what is left behind makes a cut anywhere harmless: data and what lies on it, /state's
files, the identity, the file on the card. Before the identity is in force the same token is good
for the same key again; after it only the file remains to be removed. An enrolled pole whose new
file is no good keeps what it has, and says so. Ends 0 when the pole is enrolled.
"""

import asyncio
import hashlib
import logging
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.board.attempts import as_board_error, repeat_until_done, take_back, tell
from edge.board.card import read_provisioning, remove_provisioning
from edge.board.floor import apply_told, persist_floor, raise_to_floor, read_floor
from edge.board.machine import Machine, Settings, read_settings, real_machine
from edge.board.pole import furnish, open_data
from edge.board.secret import read_board_secret
from edge.board.settled import (
    Places,
    Settled,
    SettledError,
    read_settled,
    settle,
    write_settled,
)
from edge.board.state import FLEET_KEY
from edge.board.told_time import Asked, ask_time
from edge.board.trouble import BoardError, Trouble, name_call
from edge.clock import Clock, SystemClock
from edge.enrolment.certificate import EnrolmentError, Evidence, enrol
from edge.enrolment.diagnosis import ConnectError
from edge.enrolment.identity import NEXT_KEY, IdentityDirectory, IdentityError
from edge.errors import Kind, VigieError
from edge.evidence.device_keys import prove_key
from edge.evidence.pole_key import vault_folder, write_evidence_key
from edge.mandate.keys import SigningKey, make_signing_key
from edge.mandate.trust import load_trust
from edge.provision.keys import load_public
from edge.provision.signing import check_board, check_moment, verify_provisioning
from edge.provision.statement import Provisioning
from edge.whole_file import write_private, write_whole

_log = logging.getLogger("vigie.board")


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """One pole's first boot, attempt by attempt."""

    machine: Machine
    settings: Settings
    clock: Clock

    @property
    def places(self) -> Places:
        """Where the pole keeps what it knows."""
        return Places(self.machine)

    async def attempt(self) -> None:
        """Raises VigieError, OSError; then it is attempted again."""
        settled = self._read_settled()
        received = read_provisioning(self.machine)
        if received is None:
            self._require_enrolled(settled)
            take_back(self.machine)
            return
        digest = hashlib.sha256(received).hexdigest()
        if settled is not None and settled.file_sha256 == digest and self._is_in_force(settled):
            # Cut between the identity and this.
            remove_provisioning(self.machine)
            return
        try:
            await self._apply(received, digest)
        except (VigieError, OSError) as error:
            refused = as_board_error(error)
            if settled is None or not self._is_in_force(settled) or _may_pass(refused):
                raise
            tell(self.machine, refused)
            _log.warning("provisioning_left device=%s", settled.device)

    async def _apply(self, received: bytes, digest: str) -> None:
        fleet = load_public(self.machine.at(FLEET_KEY).read_bytes())
        provisioning = verify_provisioning(received, fleet)
        check_board(provisioning, self.settings.board)
        _check_site(provisioning)
        await self._set_clock(provisioning)
        check_moment(provisioning, datetime.fromtimestamp(self.clock.utc_ns() / 1e9, UTC))
        await self._enrol(provisioning, digest)
        remove_provisioning(self.machine)
        _log.info("pole_enrolled device=%s", provisioning.device)

    async def _set_clock(self, provisioning: Provisioning) -> None:
        signed_ns = round(provisioning.made.timestamp() * 1e9)
        floor_ns = read_floor(self.places, self.settings, signed_ns)
        raise_to_floor(self.machine, self.clock, floor_ns)
        asked = Asked(
            provisioning.collector,
            provisioning.ca_pem,
            provisioning.device,
            provisioning.authority_fingerprint,
        )
        apply_told(self.machine, self.clock, await ask_time(asked, self.clock), floor_ns)
        persist_floor(self.places, self.clock.utc_ns())

    async def _enrol(self, provisioning: Provisioning, digest: str) -> None:
        ca = self.machine.at("/run/vigie/ca.pem")
        write_private(ca, provisioning.ca_pem.encode())
        # In memory until `data` is open: no partition that the board alone opens ever holds it.
        key = make_signing_key(provisioning.device)
        try:
            await enrol(
                IdentityDirectory(self.places.identity),
                device=provisioning.device,
                collector=provisioning.collector,
                ca=ca,
                token=provisioning.token,
                settle=lambda trust, share: self._settle(provisioning, digest, key, trust, share),
                evidence=Evidence(*prove_key(key.private, provisioning.device, provisioning.token)),
            )
        except ConnectError as error:
            raise name_call(error, is_connecting=True) from error
        except EnrolmentError as error:
            raise name_call(error, is_connecting=False) from error

    def _settle(
        self, provisioning: Provisioning, digest: str, key: SigningKey, trust: str, share: bytes
    ) -> None:
        """All that must lie on the disk before the identity is in force."""
        wanted = provisioning.authority_fingerprint
        if not trust or load_trust(trust).fingerprint != wanted:
            raise BoardError(
                Trouble.WRONG_TRUST,
                "the collector hands out another trust file than the one that is wanted",
                kind=Kind.PERMISSION_DENIED,
                hint="Let it take the authority's file: 'vigie collector trust FILE'.",
            )
        secret = read_board_secret(self.machine, self.settings.secret_source)
        open_data(self.machine, secret, share, may_remake=True)
        furnish(self.machine, provisioning.device, trust, provisioning.technician_key)
        write_evidence_key(vault_folder(self.places.pole), key)
        write_whole(self.places.trust, trust.encode(), mode=0o644, folder_mode=None)
        write_whole(self.places.site, provisioning.site.encode(), mode=0o644, folder_mode=None)
        write_settled(self.places, settle(provisioning, digest))

    def _read_settled(self) -> Settled | None:
        try:
            return read_settled(self.places)
        except SettledError:
            return None  # state.py has said it; a provisioning file mends it

    def _is_in_force(self, settled: Settled) -> bool:
        try:
            identity = IdentityDirectory(self.places.identity).read_identity()
        except IdentityError:
            return False
        has_next = (self.places.identity / NEXT_KEY).exists()
        return identity.device == settled.device and not has_next

    def _require_enrolled(self, settled: Settled | None) -> None:
        if settled is None:
            raise BoardError(
                Trouble.NO_PROVISIONING,
                "the card holds no provisioning file, and this pole was never enrolled",
                hint="Put the card into a computer and write one: 'vigie flash'.",
            )


def _check_site(provisioning: Provisioning) -> None:
    """Raises BoardError(UNREADABLE) for a site that no eye of this image could start with.

    Before the token is spent: a control room of a newer release may sign what is too new here.
    """
    from edge.site.check import load_site  # noqa: PLC0415 - pydantic, needed once in a pole's life
    from edge.site.problem import SiteError  # noqa: PLC0415

    try:
        load_site(provisioning.site, file="site.toml")
    except SiteError as wrong:
        first = wrong.problems[0]
        raise BoardError(
            Trouble.UNREADABLE,
            f"the site file in the provisioning file cannot be taken: {first.where}: {first.what}",
            kind=wrong.kind,
            hint="Make another one with the image's own release: 'vigie provision new'.",
        ) from wrong


def _may_pass(error: BoardError) -> bool:
    """Whether waiting may help."""
    return error.trouble in {Trouble.NO_NETWORK, Trouble.BAD_CLOCK, Trouble.STORAGE}


def main() -> int:
    """Run until the pole is enrolled."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    machine = real_machine()
    boot = FirstBoot(machine, read_settings(os.environ), SystemClock())
    asyncio.run(repeat_until_done(machine, boot.attempt))
    return 0


if __name__ == "__main__":
    sys.exit(main())
