"""The link as a process of its own: told to end, it ends cleanly and loses nothing."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from edge.spool.places import spool_path
from edge.spool.spool import Spool
from tests.fakes.authority import Authority
from tests.fakes.pole import Pole
from tests.fakes.server import Script, Server

DEADLINE_SECONDS = 60
ENDS = [signal.SIGTERM, signal.SIGINT]


@contextlib.asynccontextmanager
async def link_process(
    data: Path, starter: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """`python -m edge.link.run`; killed if the block leaves it running."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.link.run", "--data", str(data),
        stderr=PIPE, env={**os.environ, **(starter or {})},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def end(process: Process, number: signal.Signals) -> str:
    """Tell it to end; what it wrote to its log. It must leave with code 0."""
    process.send_signal(number)
    async with asyncio.timeout(DEADLINE_SECONDS):
        _, log = await process.communicate()
    assert process.returncode == 0, log.decode()
    assert b"Traceback" not in log
    return log.decode()


@pytest.mark.parametrize("number", ENDS)
async def test_told_to_end_in_the_middle_of_sending_it_leaves_the_rest_in_the_spool(
    pole: Pole, authority: Authority, number: signal.Signals
) -> None:
    pole.append(20)
    async with Server(authority) as server:
        pole.put_identity(authority, server.sessions)
        async with link_process(pole.data) as process:
            await server.wait_until(lambda: 20 in server.script.stored, "twenty events")
            last_seq = pole.append(200)
            log = await end(process, number)
    assert "link_stopped" in log
    waiting = set(read_waiting(pole))
    assert waiting | set(server.script.stored) == set(range(1, last_seq + 1))
    assert server.script.doubled == 0


async def test_told_to_end_while_acks_are_owed_it_keeps_what_is_not_acknowledged(
    pole: Pole, authority: Authority
) -> None:
    pole.append(20)
    script = Script(acks=False)
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        async with link_process(pole.data) as process:
            await server.wait_until(lambda: bool(script.get_seen("batch")), "a batch")
            await end(process, signal.SIGTERM)
    assert read_waiting(pole) == list(range(1, 21))


@pytest.mark.parametrize("number", ENDS)
async def test_told_to_end_without_a_collector_it_ends(
    pole: Pole, authority: Authority, number: signal.Signals
) -> None:
    pole.append(3)
    async with Server(authority) as server:
        pole.put_identity(authority, server.sessions)
    async with link_process(pole.data) as process:
        assert process.stderr is not None
        async with asyncio.timeout(DEADLINE_SECONDS):
            while b"link_retry" not in await process.stderr.readline():
                pass
        await end(process, number)
    assert read_waiting(pole) == [1, 2, 3]


async def test_it_is_ready_without_a_collector_and_its_turns_are_its_progress(
    pole: Pole, authority: Authority, tmp_path: Path
) -> None:
    pole.put_identity(authority, "127.0.0.1:1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        starter = {"NOTIFY_SOCKET": line.getsockname(), "WATCHDOG_USEC": "4000000"}
        async with link_process(pole.data, starter) as process, asyncio.timeout(DEADLINE_SECONDS):
            heard = asyncio.get_running_loop().sock_recv
            assert [await heard(line, 99) for _ in range(3)] == [b"READY=1"] + 2 * [b"WATCHDOG=1"]
            await end(process, signal.SIGTERM)


def read_waiting(pole: Pole) -> list[int]:
    """Seqs of the events that the spool still holds."""
    with Spool(spool_path(pole.data)) as spool:
        acked_seq = spool.pending().acked_seq
        return [
            seq
            for found in spool.read(acked_seq, max_batches=1_000)
            for seq, _ in enumerate(found.batch.events, found.batch.first_seq)
        ]
