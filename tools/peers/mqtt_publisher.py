"""Poles that publish to an MQTT broker at QoS 1, each with some batches under way.

Usage: .venv-peers/bin/python -m tools.peers.mqtt_publisher HOST:PORT STREAMS WINDOW BATCH SECONDS
"""

import json
import sys
import threading
import time

from paho.mqtt import client as mqtt

from edge.wire.v1 import session_pb2
from tools.peers.sink import SUBJECT


class Pole:
    """One connection and the thread that publishes on it."""

    def __init__(self, address: str, place: int, window: int) -> None:
        host, _, port = address.rpartition(":")
        self._topic = f"{SUBJECT}/pole-{place}"
        self._room = threading.Semaphore(window)
        self._window = window
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"pole-{place}")
        self._client.max_inflight_messages_set(window)
        self._client.on_publish = lambda *_: self._room.release()
        self._client.connect(host, int(port))
        self._client.loop_start()
        self.sent = 0

    def publish(self, template: bytes, batch: int, until: float) -> None:
        """Publish until the time is over and everything was acked."""
        request = session_pb2.ConnectRequest.FromString(template)
        while time.perf_counter() < until:
            self._room.acquire()
            request.batch.first_seq = self.sent * batch + 1
            self._client.publish(self._topic, request.SerializeToString(), qos=1)
            self.sent += 1
        for _ in range(self._window):
            self._room.acquire()
        self._client.disconnect()
        self._client.loop_stop()


def main() -> None:
    """Publish for some seconds; print how many batches were acked and how long it took."""
    address = sys.argv[1]
    streams, window, batch = (int(word) for word in sys.argv[2:5])
    template = sys.stdin.buffer.read()
    poles = [Pole(address, place, window) for place in range(streams)]
    begun = time.perf_counter()
    until = begun + float(sys.argv[5])
    threads = [
        threading.Thread(target=pole.publish, args=(template, batch, until)) for pole in poles
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    print(json.dumps({"batches": sum(pole.sent for pole in poles), "seconds": seconds}))


if __name__ == "__main__":
    main()
