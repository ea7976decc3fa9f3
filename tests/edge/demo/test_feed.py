"""The demo's feed of events against a real collector that is stopped and started."""

import asyncio
import queue
import threading
from pathlib import Path

from edge.demo.feed import Feed
from tests.fakes.control_room import ControlRoom
from tests.fakes.delivery import deliver
from tests.fakes.pole import Pole

WITHIN_SECONDS = 60.0


async def test_a_feed_that_lost_its_collector_comes_back_and_misses_no_event(
    tmp_path: Path,
) -> None:
    pole, said = Pole(tmp_path / "pole"), queue.SimpleQueue[str]()
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    with ControlRoom(tmp_path / "room") as room:
        addresses = room.read_addresses()
        assert room.enrol("north-gate", pole.data).returncode == 0
        await deliver(room, pole, 2, after=0)
        feed = Feed(room.data, tmp_path / "tail.log", said.put, pauses_seconds=(0.0,))

        def listen() -> None:
            for record in feed.records():
                told.put(record["number"])

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
    assert "broke off" in await asyncio.to_thread(said.get, timeout=WITHIN_SECONDS)
    ports = (port_of(addresses["sessions"]), port_of(addresses["enrolment"]))
    with feed, ControlRoom(tmp_path / "room", ports=ports) as room:
        await deliver(room, pole, 3, after=2)
        numbers = [await asyncio.to_thread(told.get, timeout=WITHIN_SECONDS) for _ in range(3)]
        feed.stop()
        await asyncio.to_thread(listener.join, WITHIN_SECONDS)
    assert numbers == [3, 4, 5], "what was stored before the feed began is not news"
    assert said.empty(), "one line tells of one break"


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])
