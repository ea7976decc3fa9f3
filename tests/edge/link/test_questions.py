"""The link hears a room's question for the time when it is asked, and carries each one once."""

import asyncio
from contextlib import closing
from pathlib import Path

from edge.link.questions import ASK_AGAIN_NS, Questions
from edge.mandate.places import Places, RoomName
from edge.mandate.store import Store
from tests.fakes.clock import FakeClock

LONG_SECONDS = 60.0


async def test_a_question_is_heard_when_it_is_asked(tmp_path: Path) -> None:
    clock = FakeClock()
    rooms: tuple[RoomName, ...] = ("eye", "vault", "eye")
    for room in rooms[:2]:
        Places(tmp_path, room).time_question.parent.mkdir(parents=True)
    with closing(Questions(tmp_path, clock)) as questions:
        for number, room in enumerate(rooms):
            waiting = asyncio.create_task(questions.wait(LONG_SECONDS))
            await asyncio.sleep(0)
            Store(Places(tmp_path, room)).write_question(bytes([number]) * 16)
            await waiting
            assert await questions.read() == [bytes([number]) * 16]
            assert await questions.read() == [], "once"
        clock.advance(ASK_AGAIN_NS / 1e9)
        assert set(await questions.read()) == {bytes([2]) * 16, bytes([1]) * 16}
