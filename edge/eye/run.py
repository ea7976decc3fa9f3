"""Process 1: `python -m edge.eye.run`. Cameras in, events to the spool, status beside it.

One thread does everything but capture (children) and the disk (the outbox's own thread). SIGTERM
and SIGINT end it cleanly; SIGHUP, or a change of the site file, has it read again.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from edge.clock import SystemClock
from edge.errors import EXIT_CODES, Kind, VigieError
from edge.eye.detector import Library, load
from edge.eye.pole import Pole, PoleOptions, Surroundings
from edge.eye.starting import Starting
from edge.mandate.device_name import read_device
from edge.mandate.places import Places
from edge.mandate.room import MandateRoom
from edge.service.bond import end_with_starter
from edge.service.watchdog import Watchdog
from edge.site.check import read_site
from edge.spool.outbox import Outbox
from edge.wire.eye_status import ensure_eye_folder
from edge.wire.packets import packet_socket

_THERMAL_ROOT = Path("/sys/class/thermal")
logger = logging.getLogger("vigie.eye")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; the exit code."""
    asked = _parse(arguments)
    end_with_starter(os.environ)
    # Eye and link share a group; events are for nobody else on the pole.
    os.umask(0o027)
    logging.basicConfig(
        level=logging.DEBUG if asked.debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    try:
        serve(asked.site, asked.data, asked.models, loop=asked.loop, once=asked.once)
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return error.exit_code
    except Exception:  # the outermost loop of this process; systemd starts it again
        logger.exception("eye_failed")
        return EXIT_CODES[Kind.INTERNAL]
    return 0


def serve(site_file: Path, state_dir: Path, models: Path, *, loop: bool, once: bool) -> None:
    """Watch the site's cameras until SIGTERM or SIGINT; with `once`, until recordings end."""
    site = read_site(site_file)
    library = Library(models)
    detector = load(library.card(site.detection.model), library)
    ensure_eye_folder(state_dir)
    clock = SystemClock()
    mandates = MandateRoom(
        Places(state_dir, "eye"), device=read_device(state_dir), clock=clock, computes=True
    )
    outbox = Outbox.open(state_dir)
    watchdog = Watchdog.from_environment(os.environ, clock)
    ending = threading.Event()
    rereading = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    signal.signal(signal.SIGHUP, lambda *_: rereading.set())
    options = PoleOptions(
        site_file,
        state_dir,
        _THERMAL_ROOT,
        is_looped=loop,
        ends_with_sources=once,
        card=detector.card,
        ring_socket=packet_socket(state_dir),
    )
    starting = Starting.read(state_dir, outbox)
    surroundings = Surroundings(outbox, clock, mandates, watchdog, starting)
    pole = Pole(site, detector, surroundings, options)
    watchdog.tell_ready()
    try:
        pole.watch(ending, rereading)
    finally:
        watchdog.tell_stopping()
        pole.close()
        outbox.close()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, required=True, help="the site file")
    parser.add_argument("--data", type=Path, required=True, help="the pole's state")
    parser.add_argument("--models", type=Path, required=True, help="the models directory")
    parser.add_argument("--loop", action="store_true", help="begin recordings anew at their end")
    parser.add_argument("--once", action="store_true", help="end when every recording has")
    parser.add_argument("--debug", action="store_true", help="log more")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
