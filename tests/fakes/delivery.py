"""A pole's events on their way to a control room, over a real link."""

import asyncio

from tests.fakes.control_room import ControlRoom, run_vigie
from tests.fakes.pole import Pole, listen_to_link


async def deliver(room: ControlRoom, pole: Pole, count: int, *words: str, after: int) -> str:
    """Append events to a pole that is linked; what `events tail` says of them.

    after: how many the collector has. It returns once it has these too.
    """
    tail = ["events", "tail", "--after", str(after), "--limit", str(count), *words]
    with listen_to_link() as told:
        async with pole.run_link():
            await told.wait_for("link_welcomed")
            pole.append(count)
            shown = await asyncio.to_thread(run_vigie, *tail, "--data", room.data)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout
