"""Process 2: `python -m edge.vault.run --data DIR`. Packets in, a sealed ring on the disk.

The main thread reads packets and holds the mandate; the ring's writer and the clip desk have a
thread each. SIGTERM and SIGINT end it cleanly: what is gathered is sealed first.
"""

import argparse
import fcntl
import logging
import os
import selectors
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from edge.clock import SystemClock
from edge.errors import EXIT_CODES, Kind, VigieError
from edge.mandate.device_name import read_device
from edge.mandate.kernel_clock import ReadKernelClock
from edge.mandate.places import Places
from edge.mandate.room import MandateRoom
from edge.service.bond import end_with_starter
from edge.service.watchdog import Watchdog
from edge.vault.clips import read_standing
from edge.vault.clips_socket import open_clip_desk
from edge.vault.disk import FILE_MODE, FOLDER_MODE, RingError, SystemDisk, ring_error
from edge.vault.duties import Duties
from edge.vault.intake import Intake
from edge.vault.places import VaultPlaces
from edge.vault.recorder import open_recorder

_TICK_NS = 1_000_000_000
_GB = 10**9
# Two thirds of the smallest card that the boards are sold with, and on a smaller one two thirds of
# what it has: the rest is for events, clips that wait and an update.
_DEFAULT_QUOTA_BYTES = 20 * _GB
_SHARE_OF_DISK = (2, 3)
logger = logging.getLogger("vigie.vault")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; the exit code."""
    asked = _parse(arguments)
    end_with_starter(os.environ)
    # What eye and link must reach lies in folders of shared groups; all else is the vault's alone.
    os.umask(0o027)
    logging.basicConfig(
        level=logging.DEBUG if asked.debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    try:
        device = asked.device or read_device(asked.data)
        serve(asked.data, device, choose_quota(asked.quota_gb, asked.data))
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return error.exit_code
    except Exception:  # the outermost loop of this process; systemd starts it again
        logger.exception("vault_failed")
        return EXIT_CODES[Kind.INTERNAL]
    return 0


def choose_quota(asked_gb: float | None, data: Path) -> int:
    """Bytes that the ring may take: as asked, or what this pole's disk bears."""
    if asked_gb is not None:
        return round(asked_gb * _GB)
    part, whole = _SHARE_OF_DISK
    return min(_DEFAULT_QUOTA_BYTES, shutil.disk_usage(data).total * part // whole)


def serve(
    data: Path, device: str, quota_bytes: int, *, kernel: ReadKernelClock | None = None
) -> None:
    """Keep the ring of the pole whose state stands in `data` until SIGTERM or SIGINT.

    kernel: asked whether the clock is right; None: the running kernel.
    """
    clock = SystemClock()
    places = VaultPlaces(data)
    ending: list[int] = []
    with ExitStack() as stack:
        stack.callback(os.close, hold_lock(places))
        selector = stack.enter_context(selectors.DefaultSelector())
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        stack.callback(os.close, reading)
        stack.callback(os.close, writing)
        selector.register(reading, selectors.EVENT_READ, lambda: None)
        signal.set_wakeup_fd(writing)
        stack.callback(signal.set_wakeup_fd, -1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: ending.append(got))
        watchdog = Watchdog.from_environment(os.environ, clock)
        room = MandateRoom(
            Places(data, "vault"), device=device, clock=clock, computes=False, kernel=kernel
        )
        stack.callback(room.close)
        # Ends after the ring: a clip that is being cut must not keep video from the disk.
        clip_desk = stack.enter_context(open_clip_desk(data, device, clock))
        recorder = open_recorder(
            places, room.permit, clock=clock, disk=SystemDisk(), quota_bytes=quota_bytes
        )
        stack.callback(recorder.close)
        intake = Intake(places.socket, recorder, selector)
        stack.callback(intake.close)
        duties = Duties(data, room, recorder, clock)
        for handle in room.handles:
            selector.register(handle, selectors.EVENT_READ, duties.follow_mandate)
        stack.callback(duties.close)
        # The mandate must hold before the first packet or request is looked at.
        duties.do()
        clip_desk.follow(read_standing(room))
        watchdog.tell_ready()
        logger.info("vault_ready device=%s quota_bytes=%d", device, quota_bytes)
        due_ns = 0
        while not ending:
            for key, _ in selector.select(_TICK_NS / 1e9):
                key.data()
            if (now_ns := clock.monotonic_ns()) >= due_ns:
                due_ns = now_ns + _TICK_NS
                duties.do()
                clip_desk.follow(read_standing(room))
                if recorder.makes_progress and clip_desk.is_alive:
                    watchdog.feed()
        watchdog.tell_stopping()


def hold_lock(places: VaultPlaces) -> int:
    """The descriptor that says a vault runs here. Raises RingError when one does already."""
    try:
        places.vault.mkdir(parents=True, exist_ok=True)
        places.vault.chmod(FOLDER_MODE)
        descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise ring_error(error, places.lock) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise RingError(
            Kind.FAILED_PRECONDITION,
            "another vault runs on this ring",
            where=str(places.vault),
            hint="One vault a pole: end the other first.",
        ) from None
    return descriptor


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="edge.vault.run", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the pole's state directory")
    parser.add_argument("--device", help="the pole's name; else as enrolled")
    parser.add_argument(
        "--quota-gb", type=float, help="what the ring may take; else 20, or two thirds of the disk"
    )
    parser.add_argument("--debug", action="store_true", help="log more")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
