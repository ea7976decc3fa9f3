"""Cameras: where pictures come from, and the walls around that.

Two ways in, with the same masks, scaling and choice of frames:

- `frames(camera, Replay(start_utc_ns))` reads a file or a simulated scene in this process: every
  chosen frame, in order, stamped from the stream's own time, so that a recording replays byte for
  byte.
- `Capture(camera, ...)` captures any source live in a child process of its own that can be
  killed. The latest frame wins; what analysis was too slow for is dropped and counted.

The eye's loop over several cameras:

    captures = [Capture(camera, options) for camera in site.cameras]
    for capture in captures:
        capture.start()
    while True:
        for capture in wait_any(captures, timeout_seconds=0.5):
            frame = capture.latest()      # None: nothing new
            if frame is not None: ...     # its arrays are valid until the next latest()
        for capture in captures:
            for fact in capture.take_facts(): ...   # Opened, Lost: at most one Lost an outage
    for capture in captures:
        capture.close()

`wait_any` also does the supervisor's work (stall, kill, reopen), so call it at least once a
second, always from one thread. `capture.get_counts()` is a running total since `start()`.

What this room may not do: hand out a picture before its masks are burned in, hand on packets of a
masked camera, show a camera's password. Read next: `source.py`, then `demux.py`, `capture.py`.
"""

from edge.eye.camera.capture import Capture
from edge.eye.camera.capture_options import CaptureOptions
from edge.eye.camera.facts import Counts, Fact, LossReason, Lost, Opened
from edge.eye.camera.order import RingDoor
from edge.eye.camera.recording import Replay, Totals, frames
from edge.eye.camera.source import Address, CameraError, Packet, PacketSink, load_address
from edge.eye.camera.waiting import wait_any

__all__ = [
    "Address",
    "CameraError",
    "Capture",
    "CaptureOptions",
    "Counts",
    "Fact",
    "LossReason",
    "Lost",
    "Opened",
    "Packet",
    "PacketSink",
    "Replay",
    "RingDoor",
    "Totals",
    "frames",
    "load_address",
    "wait_any",
]
