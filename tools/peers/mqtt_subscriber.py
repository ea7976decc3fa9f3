"""A subscriber of an MQTT broker at QoS 1 that stores before it acks, MOST batches at once.

Usage: .venv-peers/bin/python -m tools.peers.mqtt_subscriber HOST:PORT DATABASE MOST
"""

import sys
import threading
from pathlib import Path

from paho.mqtt import client as mqtt

from tools.peers.sink import SUBJECT, Sink, answer_stdin

WAIT_SECONDS = 0.5


class Subscriber:
    """Messages gather while the last ones are committed."""

    def __init__(self, address: str, sink: Sink, most: int) -> None:
        host, _, port = address.rpartition(":")
        self._sink = sink
        self._most = most
        self._gathering = threading.Condition()
        self._messages: list[mqtt.MQTTMessage] = []
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, "collector", clean_session=False, manual_ack=True
        )
        self._client.on_message = self._take
        self._client.connect(host, int(port))
        self._client.subscribe(f"{SUBJECT}/#", qos=1)
        self._client.loop_start()

    def _take(self, client: mqtt.Client, context: object, message: mqtt.MQTTMessage) -> None:
        with self._gathering:
            self._messages.append(message)
            self._gathering.notify()

    def store_gathered(self) -> None:
        """Commit what has gathered, then ack each message of it."""
        with self._gathering:
            if not self._messages:
                self._gathering.wait(WAIT_SECONDS)
            # Mosquitto 2.0.11 sends on without acks, past its own limit and past what MQTT 5 lets
            # a subscriber ask for. So the commit is bounded here.
            messages = self._messages[: self._most]
            del self._messages[: self._most]
        if not messages:
            return
        self._sink.store(
            [(message.topic.partition("/")[2], message.payload) for message in messages]
        )
        for message in messages:
            self._client.ack(message.mid, message.qos)


def main() -> None:
    """Take, store and ack until stdin ends."""
    sink = Sink(Path(sys.argv[2]))
    subscriber = Subscriber(sys.argv[1], sink, int(sys.argv[3]))
    asking = answer_stdin(sink)
    while asking.is_alive():
        subscriber.store_gathered()


if __name__ == "__main__":
    main()
