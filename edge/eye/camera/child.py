"""The capture process of one camera: `python -m edge.eye.camera.child MEMORY WAKE ORDERS`.

It is started with three inherited handles: shared memory, an eventfd to wake the parent, and a
socket on which orders come (JSON, because a camera's password must not stand in an argument list)
and failures go back. It may hang in FFmpeg or a driver at any time: then the parent kills it. When
the parent is gone the socket closes and the child ends, even while it hangs in a read.
"""

import contextlib
import os
import queue
import socket
import sys
import threading
import time

from edge.clock import SystemClock
from edge.eye.camera.facts import LossReason
from edge.eye.camera.opening import open_source
from edge.eye.camera.order import (
    LONGEST_MESSAGE_BYTES,
    Failure,
    Order,
    read_message,
)
from edge.eye.camera.preparation import Preparation
from edge.eye.camera.recording import Replay, Totals, pictures
from edge.eye.camera.ring_feed import RingFeed
from edge.eye.camera.slots import Progress, Slots
from edge.eye.camera.source import (
    Address,
    CameraError,
    Medium,
    Picture,
    Traffic,
    load_address,
)

LONGEST_LATENESS_NS = 500_000_000
LONGEST_NAP_SECONDS = 1.0  # a recording with a long gap must not look like a stalled camera


class Child:
    """Carries out orders one after the other; progress grows over all of them."""

    def __init__(self, memory_fd: int, wake_fd: int, recording: threading.Event) -> None:
        """recording: set while packets may go to the vault."""
        self._recording = recording
        self._memory_fd = memory_fd
        self._wake_fd = wake_fd
        self._clock = SystemClock()
        self._slots: Slots | None = None
        self._progress = Progress()

    def carry_out(self, order: Order) -> Failure:
        """Capture until the source fails or ends."""
        camera = order.camera
        if self._slots is None:
            self._slots = Slots(self._memory_fd, camera.analysis_width_px, camera.name)
        begun_ns = self._clock.monotonic_ns()
        self._progress = self._progress._replace(begun_monotonic_ns=begun_ns, alive_monotonic_ns=0)
        self._slots.tell(self._progress)
        try:
            address = load_address(camera.source)
            if address.is_replayable:
                self._play(order, address)
                return Failure(LossReason.ENDED, f"{address.shown} came to its end", None)
            self._watch(order, address)
        except CameraError as error:
            return Failure(error.reason, error.what, error.hint)
        return Failure(
            LossReason.ENDED,
            f"{address.shown} ended the stream",
            "It is being opened again; many cameras do this when they restart.",
        )

    def _watch(self, order: Order, address: Address) -> None:
        """A live source: times are those of arrival."""
        preparation = Preparation(order.camera)
        feed = self._make_feed(order, address)
        source = open_source(address, feed.sink, order.stall_seconds)
        before = self._progress
        try:
            for number, picture in enumerate(source.pictures()):
                utc_ns, monotonic_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
                feed.show(picture, monotonic_ns)
                self._count(picture, before, source.traffic)
                is_chosen = preparation.chooses(monotonic_ns)
                self._hand_over(preparation, picture, number, (utc_ns, monotonic_ns), is_chosen)
        finally:
            source.close()
            feed.close()

    def _play(self, order: Order, address: Address) -> None:
        """A recording or a scene, at its own pace; times are the stream's, from now on."""
        replay = Replay(self._clock.utc_ns(), self._clock.monotonic_ns(), order.is_looped)
        with contextlib.closing(self._make_feed(order, address)) as feed:
            self._play_into(feed, order, replay)

    def _play_into(self, feed: RingFeed, order: Order, replay: Replay) -> None:
        preparation = Preparation(order.camera)
        before = self._progress
        slip_ns = 0
        for number, picture in enumerate(pictures(order.camera, replay, feed.sink)):
            shown_ns = replay.start_monotonic_ns + picture.stream_ns + slip_ns
            self._wait_until(shown_ns)
            late_ns = self._clock.monotonic_ns() - shown_ns
            if late_ns > LONGEST_LATENESS_NS:
                # A machine too slow for the pace plays on slower: a time of capture that falls
                # behind the clock would name another moment than the ring's.
                slip_ns, shown_ns = slip_ns + late_ns, shown_ns + late_ns
            feed.show(picture, shown_ns)
            self._count(picture, before, replay.totals)
            times_ns = (replay.start_utc_ns + picture.stream_ns + slip_ns, shown_ns)
            is_chosen = preparation.chooses(picture.stream_ns)
            self._hand_over(preparation, picture, number, times_ns, is_chosen)

    def _make_feed(self, order: Order, address: Address) -> RingFeed:
        return RingFeed(order.camera, address, order.ring, self._recording.is_set, self._clock)

    def _wait_until(self, monotonic_ns: int) -> None:
        assert self._slots is not None
        while (left_ns := monotonic_ns - self._clock.monotonic_ns()) > 0:
            time.sleep(min(left_ns / 1e9, LONGEST_NAP_SECONDS))
            # After a nap to the end the picture itself is told.
            if left_ns > LONGEST_NAP_SECONDS * 1e9 and self._progress.alive_monotonic_ns:
                alive_ns = self._clock.monotonic_ns()
                self._progress = self._progress._replace(alive_monotonic_ns=alive_ns)
                self._slots.tell(self._progress)

    def _count(self, picture: Picture, before: Progress, traffic: Traffic | Totals) -> None:
        """One more picture; traffic: of this opening so far."""
        self._progress = self._progress._replace(
            source_width_px=picture.width_px,
            source_height_px=picture.height_px,
            frames_captured=self._progress.frames_captured + 1,
            packets=before.packets + traffic.packets,
            video_bytes=before.video_bytes + traffic.video_bytes,
            damaged_packets=before.damaged_packets + traffic.damaged_packets,
        )

    def _hand_over(
        self,
        preparation: Preparation,
        picture: Picture,
        number: int,
        times_ns: tuple[int, int],
        is_chosen: bool,
    ) -> None:
        assert self._slots is not None
        self._progress = self._progress._replace(
            alive_monotonic_ns=self._clock.monotonic_ns(),
            frames_offered=self._progress.frames_offered + is_chosen,
            child_cpu_ms=time.process_time_ns() // 1_000_000,
        )
        if is_chosen:
            frame = preparation.make_frame(picture, number, *times_ns)
            self._slots.publish(frame, self._progress)
            os.eventfd_write(self._wake_fd, 1)
        else:
            self._slots.tell(self._progress)


def main() -> None:
    """Take orders until the parent goes away."""
    memory_fd, wake_fd, orders_fd = (int(text) for text in sys.argv[1:4])
    # One decode thread, one resize thread: the detector needs the rest. OpenCV reads it when, and
    # if, a picture that must be scaled, turned or masked loads it.
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"
    channel = socket.socket(fileno=orders_fd)
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    recording = threading.Event()
    threading.Thread(target=_listen, args=(channel, orders, recording), daemon=True).start()
    child = Child(memory_fd, wake_fd, recording)
    while True:
        order = orders.get()
        try:
            failure = child.carry_out(order)
        except Exception as bug:  # noqa: BLE001 - this process's outermost loop
            # The text of a foreign error may hold the camera's URL with its password.
            failure = Failure(LossReason.CRASHED, f"capture failed: {type(bug).__name__}", None)
        channel.send(failure.to_json())
        if failure.reason is LossReason.CRASHED or _is_spent(order):
            return


def _is_spent(order: Order) -> bool:
    """picamera2 is in an undetermined state after a failure: only a new process helps."""
    return load_address(order.camera.source).medium is Medium.PICAMERA2


def _listen(
    channel: socket.socket, orders: "queue.SimpleQueue[Order]", recording: threading.Event
) -> None:
    """Pass on orders; the end of the channel is the end of the process, whatever hangs."""
    while message := channel.recv(LONGEST_MESSAGE_BYTES):
        said = read_message(message)
        if isinstance(said, Order):
            orders.put(said)
        elif said.may_record:
            recording.set()
        else:
            recording.clear()
    os._exit(0)


if __name__ == "__main__":
    main()
