"""The eye's own loop in a process of its own, for measurements: no vault, no link.

It is `edge.eye.run` with two differences. The machine's clock is taken as proven, because nobody
is there who could prove it; and the mandate is the one that the caller left in DATA.

Usage: python -m tools.eye_alone SITE DATA MODELS   (until SIGTERM)
"""

import signal
import sys
import threading
from pathlib import Path

import cv2

from edge.clock import SystemClock
from edge.eye.detector import Library, load
from edge.eye.pole import Pole, PoleOptions, Surroundings
from edge.eye.starting import Starting
from edge.mandate.device_name import read_device
from edge.mandate.kernel_clock import KernelClock
from edge.mandate.places import Places
from edge.mandate.room import MandateRoom
from edge.service.watchdog import Watchdog
from edge.site.check import read_site
from edge.spool.outbox import Outbox
from edge.wire.eye_status import ensure_eye_folder

PROVEN = KernelClock(is_synchronised=True, max_error_us=1000)


def main() -> None:
    """Watch until told to end."""
    site_file, data, models = (Path(text) for text in sys.argv[1:4])
    cv2.setNumThreads(1)
    site = read_site(site_file)
    library = Library(models)
    detector = load(library.card(site.detection.model), library)
    ensure_eye_folder(data)
    clock, outbox, ending = SystemClock(), Outbox.open(data), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    mandates = MandateRoom(
        Places(data, "eye"),
        device=read_device(data),
        clock=clock,
        computes=True,
        kernel=lambda: PROVEN,
    )
    surroundings = Surroundings(
        outbox, clock, mandates, Watchdog(None, 0, clock), Starting(data, outbox, None, "")
    )
    options = PoleOptions(site_file, data, data / "no-sensors", is_looped=True, card=detector.card)
    pole = Pole(site, detector, surroundings, options)
    try:
        pole.watch(ending, threading.Event())
    finally:
        pole.close()
        outbox.close()


if __name__ == "__main__":
    main()
