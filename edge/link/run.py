"""`python -m edge.link.run --data DIR`: the link as a process of its own.

SIGTERM and SIGINT end it cleanly: the stream's last acks are taken, the spool is closed.
"""

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from edge.clock import SystemClock
from edge.enrolment.identity import IdentityDirectory, identity_folder
from edge.errors import EXIT_CODES, Kind, VigieError
from edge.link.client import Client
from edge.link.drain import Drain
from edge.link.pace import DEFAULT_BITS_PER_SECOND
from edge.service.bond import end_with_starter
from edge.service.image import read_image
from edge.service.watchdog import Watchdog


def main() -> None:
    """Read the identity and the spool, then serve until told to end."""
    arguments = _parse()
    end_with_starter(os.environ)
    # Eye and link share a group; events are for nobody else on the pole.
    os.umask(0o027)
    logging.basicConfig(
        level=logging.DEBUG if arguments.debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    try:
        asyncio.run(serve(arguments.data, arguments.clip_kbit_per_second * 1000))
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        sys.exit(error.exit_code)
    except Exception:  # the outermost loop of this process; systemd starts it again
        logging.getLogger("vigie.link").exception("link_failed")
        sys.exit(EXIT_CODES[Kind.INTERNAL])


async def serve(data: Path, clip_bits_per_second: int = DEFAULT_BITS_PER_SECOND) -> None:
    """Run the link of the pole whose state stands in `data` until SIGTERM or SIGINT."""
    directory = IdentityDirectory(identity_folder(data))
    directory.read_identity()
    drain = await Drain.open(data)
    clock = SystemClock()
    watchdog = Watchdog.from_environment(os.environ, clock)
    client = Client(
        data,
        directory,
        drain,
        clock=clock,
        rng=random.Random(),
        software=version("vigie"),
        clip_bits_per_second=clip_bits_per_second,
        watchdog=watchdog,
        image=read_image(),
    )
    loop = asyncio.get_running_loop()
    ending: list[asyncio.Task[None]] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: ending.append(asyncio.ensure_future(client.stop())))
    watchdog.tell_ready()
    try:
        await client.run()
    finally:
        watchdog.tell_stopping()
        await drain.close()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="edge.link.run", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the pole's state directory")
    parser.add_argument(
        "--clip-kbit-per-second",
        type=_rate,
        default=DEFAULT_BITS_PER_SECOND // 1000,
        help="at most so fast a sealed clip goes up",
    )
    parser.add_argument("--debug", action="store_true", help="log more")
    return parser.parse_args()


def _rate(text: str) -> int:
    if not 8 <= (kbit := int(text)) <= 1_000_000:
        raise argparse.ArgumentTypeError("between 8 and 1000000")
    return kbit


if __name__ == "__main__":
    main()
