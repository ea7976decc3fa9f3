"""A pull consumer of NATS JetStream that stores before it acks, MOST batches at once.

Usage: .venv-peers/bin/python -m tools.peers.jetstream_subscriber HOST:PORT DATABASE MOST
"""

import asyncio
import sys
from pathlib import Path

import nats
from nats.js.api import AckPolicy, ConsumerConfig, StorageType, StreamConfig

from tools.peers.sink import SUBJECT, Sink, answer_stdin

WAIT_SECONDS = 0.5


async def main() -> None:
    """Make the stream, then take, store and ack until stdin ends."""
    connection = await nats.connect(sys.argv[1])
    stream = connection.jetstream()
    await stream.add_stream(
        StreamConfig(SUBJECT, subjects=[f"{SUBJECT}.*"], storage=StorageType.FILE)
    )
    # One ack for all that came before it: the cheapest that JetStream offers.
    consumer = ConsumerConfig(ack_policy=AckPolicy.ALL, max_ack_pending=65_536)
    subscription = await stream.pull_subscribe(f"{SUBJECT}.*", "collector", config=consumer)
    sink = Sink(Path(sys.argv[2]))
    asking = answer_stdin(sink)
    while asking.is_alive():
        try:
            messages = await subscription.fetch(int(sys.argv[3]), WAIT_SECONDS)
        except TimeoutError:  # also the base of nats.errors.TimeoutError
            continue
        batches = [(message.subject.partition(".")[2], message.data) for message in messages]
        await asyncio.to_thread(sink.store, batches)
        await messages[-1].ack()
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
