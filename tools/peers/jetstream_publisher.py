"""Poles that publish to NATS JetStream, each with some batches under way until they are acked.

Usage: .venv-peers/bin/python -m tools.peers.jetstream_publisher HOST:PORT STREAMS WINDOW BATCH SECS
"""

import asyncio
import json
import sys
import time
from typing import NamedTuple

import nats

from edge.wire.v1 import session_pb2
from tools.peers.sink import SUBJECT


class Pole(NamedTuple):
    """One connection. window: batches under way."""

    connection: nats.NATS
    subject: str
    window: int


async def main() -> None:
    """Publish for some seconds; print how many batches were acked and how long it took."""
    address = sys.argv[1]
    streams, window, batch = (int(word) for word in sys.argv[2:5])
    request = session_pb2.ConnectRequest.FromString(sys.stdin.buffer.read())
    connections = [await nats.connect(address) for _ in range(streams)]
    begun = time.perf_counter()
    until = begun + float(sys.argv[5])
    counts = await asyncio.gather(
        *(
            publish(Pole(connection, f"{SUBJECT}.pole-{place}", window), request, batch, until)
            for place, connection in enumerate(connections)
        )
    )
    seconds = time.perf_counter() - begun
    for connection in connections:
        await connection.close()
    print(json.dumps({"batches": sum(counts), "seconds": seconds}))


async def publish(
    pole: Pole, template: session_pb2.ConnectRequest, batch: int, until: float
) -> int:
    """Publish until the time is over; how many batches were acked."""
    stream = pole.connection.jetstream()
    request = session_pb2.ConnectRequest()
    request.CopyFrom(template)
    sent = 0
    waiting: list[asyncio.Future[object]] = []
    while waiting or time.perf_counter() < until:
        while len(waiting) < pole.window and time.perf_counter() < until:
            request.batch.first_seq = sent * batch + 1
            future = await stream.publish_async(pole.subject, request.SerializeToString())
            waiting.append(future)
            sent += 1
        await waiting.pop(0)
    return sent


if __name__ == "__main__":
    asyncio.run(main())
