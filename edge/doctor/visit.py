"""A technician's visit to a pole where nobody has a shell: `python -m edge.doctor.visit`.

    the card brought a token (edge/board/card.py) -> it opens this pole now -> its cable
          -> the local page (opening.py); the token goes from the card -> the rooms go on

A token that opens nothing is told in the card's report and in the journal, and nothing listens.
The unit is vigie-visit; it starts only where a token was brought, after the rooms. Ends 0.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from edge.board.card import VISIT, remove_visit, write_report
from edge.board.leds import Light, show
from edge.board.machine import Machine, real_machine
from edge.doctor.admission import admit
from edge.doctor.cable import PORT, interfaces
from edge.doctor.looking import PoleFiles
from edge.doctor.opening import Cable, Why, open_page
from edge.doctor.token import Token
from edge.errors import Kind, VigieError
from edge.provision.places import MAX_VISIT_BYTES
from edge.whole_file import read_bounded

CABLE_UNIT = "vigie-cable.service"
"""Makes the board's USB socket a network cable, for as long as the page is open."""
_FILES = PoleFiles(
    Path("/etc/vigie/site.toml"), Path("/var/lib/vigie/pole"), Path("/usr/share/vigie/models")
)

_log = logging.getLogger("vigie.doctor")


@dataclass(frozen=True, slots=True)
class Visit:
    """A pole that may be visited. own_cable: the board's, made by CABLE_UNIT; empty: it has none.

    port: 0 takes a free one. say: told the page's address, which is the technician's secret.
    """

    machine: Machine
    files: PoleFiles
    own_cable: str
    port: int = PORT
    say: Callable[[str], None] = lambda _: None

    def receive(self, now: datetime) -> Why | None:
        """Open for the token that was brought, or say why not; None: nothing was opened."""
        try:
            token = self._admit(now)
            with self._cable(token) as interface:
                why = open_page(self.files, token, Cable(interface, self.port), self._opened)
        except (VigieError, OSError) as refused:
            self._refuse(refused)
            return None
        finally:
            show(self.machine, Light.WORKING)
        _log.info("visit_closed by=%s", why)
        return why

    def _admit(self, now: datetime) -> Token:
        brought = read_bounded(self.machine.at(VISIT), MAX_VISIT_BYTES)
        if brought is None:
            raise VigieError(Kind.NOT_FOUND, "the card brought no token", where=VISIT)
        return admit(brought, self.files.data, now)

    @contextmanager
    def _cable(self, token: Token) -> Iterator[str]:
        """The token's cable, or else the board's own."""
        interface = token.interface or self.own_cable
        if not interface:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "this board has no cable of its own for the page, and the token names none",
                hint=f"Make one with --interface; there are {interfaces()}.",
            )
        if interface != self.own_cable:
            yield interface
            return
        self.machine.must(["systemctl", "start", CABLE_UNIT])
        try:
            yield interface
        finally:
            self.machine.run(["systemctl", "stop", CABLE_UNIT], b"")

    def _opened(self, address: str) -> None:
        """The token is used: it stands in the pole's record."""
        show(self.machine, Light.VISIT)
        try:
            remove_visit(self.machine)
        except (VigieError, OSError) as refused:
            # It opens nothing any more; a card that takes no writing says so by itself.
            _log.warning("token_not_removed reason=%r", str(refused))
        _log.info("visit_open at=%s", urlsplit(address).netloc)
        self.say(address)

    def _refuse(self, refused: VigieError | OSError) -> None:
        what, hint = str(refused), ""
        if isinstance(refused, VigieError):
            what, hint = refused.what, refused.hint or ""
        _log.error("visit_refused what=%r", what)
        try:
            write_report(self.machine, f"visit_refused\n\n{what}\n{hint}\n")
        except (VigieError, OSError) as error:
            _log.warning("report_not_written reason=%r", str(error))


def main() -> int:
    """One visit."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    visit = Visit(real_machine(), _FILES, os.environ.get("VIGIE_CABLE", ""))
    visit.receive(datetime.now(UTC))
    return 0


if __name__ == "__main__":
    sys.exit(main())
