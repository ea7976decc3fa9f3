"""First program: opens `state` with the board's secret, raises the clock, fills /etc.

    python -m edge.board.state

Before the network. A provisioning file on the card, once its signature is verified, says which
network to use already now, and gives leave to make `state` anew where another board made it.
Ends 0 when /state is mounted and /etc filled, 1 otherwise.
"""

import logging
import os
import sys

from edge.board.attempts import as_board_error, tell
from edge.board.card import bring_visit, read_provisioning
from edge.board.etc import fill, link_site
from edge.board.floor import raise_to_floor, read_floor
from edge.board.leds import Light, show
from edge.board.lifetime import begin_life
from edge.board.machine import Machine, Settings, read_settings, real_machine
from edge.board.secret import derive_state_key, read_board_secret
from edge.board.settled import Places, Settled, SettledError, read_settled, settle
from edge.board.volume import STATE, ensure_volume
from edge.clock import Clock, SystemClock
from edge.errors import VigieError
from edge.provision.keys import load_public
from edge.provision.signing import check_board, verify_provisioning
from edge.provision.statement import Provisioning

FLEET_KEY = "/usr/share/vigie/provision.pub"

_log = logging.getLogger("vigie.board")


def open_state(machine: Machine, settings: Settings, clock: Clock) -> None:
    """All that this program does. Raises VigieError, OSError."""
    show(machine, Light.STARTING)
    places = Places(machine)
    provisioning = find_provisioning(machine, settings)
    secret = read_board_secret(machine, settings.secret_source)
    key = derive_state_key(secret)
    ensure_volume(machine, STATE, key, may_remake=provisioning is not None)
    begin_life(machine)
    _take_visit(machine)
    machine.at("/state/rauc").mkdir(exist_ok=True)
    own = ["install", "-d", "-m", "0700", "-o", "vigie-link", "-g", "vigie-link"]
    machine.must([*own, str(places.identity)])
    signed_ns = round(provisioning.made.timestamp() * 1e9) if provisioning else 0
    raise_to_floor(machine, clock, read_floor(places, settings, signed_ns))
    link_site(machine)
    settled = settle(provisioning, "") if provisioning else _read_settled(places)
    if settled is not None:
        fill(machine, settled)


def _take_visit(machine: Machine) -> None:
    try:
        if bring_visit(machine):
            _log.info("visit_brought")
    except (VigieError, OSError) as refused:
        # Nobody's visit is worth a pole that does not start.
        _log.warning("visit_not_brought reason=%r", str(refused))


def find_provisioning(machine: Machine, settings: Settings) -> Provisioning | None:
    """The card's file, if the fleet signed it for this board; why not is first boot's to say."""
    try:
        received = read_provisioning(machine)
        if received is None:
            return None
        fleet = load_public(machine.at(FLEET_KEY).read_bytes())
        provisioning = verify_provisioning(received, fleet)
        check_board(provisioning, settings.board)
    except (VigieError, OSError) as refused:
        _log.warning("provisioning_not_used reason=%r", str(refused))
        return None
    return provisioning


def _read_settled(places: Places) -> Settled | None:
    try:
        return read_settled(places)
    except SettledError as damaged:
        _log.error("settled_damaged reason=%r", damaged.what)
        return None


def main() -> int:
    """Run once."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    machine = real_machine()
    try:
        open_state(machine, read_settings(os.environ), SystemClock())
    except (VigieError, OSError) as error:
        tell(machine, as_board_error(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
