"""Last program before the rooms: opens `data` with the board's secret and the collector's share.

    python -m edge.board.unlock

Waits for as long as it takes: without the share there is nothing to record onto. A refusal is
told and asked again slowly. Ends 0 when /var/lib/vigie is mounted and furnished.
"""

import asyncio
import logging
import os
import sys

from edge.board.attempts import repeat_until_done, show_work
from edge.board.lifetime import pass_on_ending
from edge.board.machine import Machine, Settings, read_settings, real_machine
from edge.board.pole import furnish, open_data
from edge.board.secret import read_board_secret
from edge.board.settled import Places, read_settled
from edge.board.share import fetch_share
from edge.board.trouble import BoardError, Trouble
from edge.board.volume import DATA, is_mounted


async def unlock(machine: Machine, settings: Settings) -> None:
    """One attempt. Raises VigieError, OSError."""
    places = Places(machine)
    settled = read_settled(places)
    if settled is None:
        raise BoardError(Trouble.NO_PROVISIONING, "this pole was never enrolled")
    # First boot left it open: then the share need not be asked for again.
    if not is_mounted(machine, DATA.mount):
        secret = read_board_secret(machine, settings.secret_source)
        share = await asyncio.to_thread(fetch_share, machine)
        open_data(machine, secret, share, may_remake=False)
    key = bytes.fromhex(settled.technician_key) or None
    furnish(machine, settled.device, places.trust.read_text(), key)
    pass_on_ending(machine)
    show_work(machine)


def main() -> int:
    """Run until it is open."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    machine = real_machine()
    settings = read_settings(os.environ)
    asyncio.run(repeat_until_done(machine, lambda: unlock(machine, settings)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
