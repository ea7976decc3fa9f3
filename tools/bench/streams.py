"""A thousand open streams: the memory of each beside synchronous gRPC, and how soon one is revoked.

Poles connect over mutual TLS, one connection each, and say nothing. Memory is what the second half
of them adds to the server, so that caches and arenas count once. The peer is the least server that
synchronous gRPC allows (tools/peers/sync_streams.py). Then devices are revoked by an operator's
call while all streams are open, half of them in turn and half as fast as calls are taken: the time
from the call to the end of the stream in the pole's hand.

Usage: python -m tools.bench.streams [--streams N] [--rounds N] [--json]
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import psutil

from edge.enrolment.channel import Credentials, make_channel
from edge.wire.v1 import operator_pb2, operator_pb2_grpc, session_pb2
from tools.fleet import (
    Call,
    Collector,
    Pole,
    close_all,
    describe_machine,
    make_poles,
    open_stream,
    start_collector,
)

if TYPE_CHECKING:
    from edge.wire.v1.operator_pb2_grpc import OperatorServiceAsyncStub

GOAL_KIB, SYNC_GOAL, REVOKE_GOAL_MS = 100, 0.7, 5000
EPOCH = 99
CALLS_AT_ONCE = 8  # a connection takes 16, and counts each until its end is known
OPENING = 16  # streams opened at a time


@dataclass
class Report:
    """Everything measured. kib: memory a stream, by side, one figure a round. Times in ms."""

    machine: dict[str, str]
    streams: int
    kib: dict[str, list[float]] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    revoke_ms: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure, print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report(describe_machine(), asked.streams)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        poles = make_poles(data, asked.streams)
        for number in range(asked.rounds):
            with start_sync(data, asked.streams + OPENING) as server:
                asyncio.run(measure_memory(server, poles, report, "sync"))
            with start_collector(data) as server:
                revoking = data if number == asked.rounds - 1 else None
                asyncio.run(measure_memory(server, poles, report, "ours", revoking))
    print(json.dumps(asdict(report)) if asked.json else render(report))


@contextmanager
def start_sync(data: Path, threads: int) -> Iterator[Collector]:
    """The peer, in a process of its own."""
    command = [sys.executable, "-m", "tools.peers.sync_streams", str(data / "authority")]
    with subprocess.Popen(
        [*command, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        line = process.stdout.readline() if process.stdout else b""
        yield Collector(process, line.decode().strip(), "")
        process.terminate()


async def measure_memory(
    server: Collector, poles: list[Pole], report: Report, side: str, revoking: Path | None = None
) -> None:
    """Open all streams; note what each of the second half adds. revoking: end with revocations."""
    half = len(poles) // 2
    opened = await open_all(server, poles[:half])
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    opened += await open_all(server, poles[half:])
    grown = process.memory_info().rss - before
    report.kib.setdefault(side, []).append(grown / 1024 / (len(poles) - half))
    report.threads[side] = process.num_threads()
    if revoking is not None:
        calls = {pole.name: call for pole, (_, call) in zip(poles, opened, strict=True)}
        await measure_revocation(server, revoking, calls, report)
    await close_all([channel for channel, _ in opened])


async def open_all(server: Collector, poles: list[Pole]) -> list[tuple[grpc.aio.Channel, Call]]:
    """A stream for each pole, some at a time."""
    opened: list[tuple[grpc.aio.Channel, Call]] = []
    for first in range(0, len(poles), OPENING):
        some = poles[first : first + OPENING]
        opened += await asyncio.gather(*(open_stream(server, pole, EPOCH) for pole in some))
    return opened


async def measure_revocation(
    server: Collector, data: Path, calls: dict[str, Call], report: Report
) -> None:
    """Half of the devices one after the other, the other half all at once."""
    folder = data / "operator"
    proof = [(folder / f"{name}.pem").read_bytes() for name in ("ca", "key", "certificate")]
    ended = {name: asyncio.ensure_future(wait_for_end(call)) for name, call in calls.items()}
    names = list(calls)
    half = len(names) // 2
    async with make_channel(server.sessions, Credentials(*proof)) as channel:
        stub: OperatorServiceAsyncStub = operator_pb2_grpc.OperatorServiceStub(channel)

        room = asyncio.Semaphore(CALLS_AT_ONCE)

        async def revoke(name: str) -> float:
            async with room:
                begun = time.perf_counter()
                await stub.RevokeDevice(operator_pb2.RevokeDeviceRequest(device=name))
            return (await ended[name] - begun) * 1000

        in_turn = [await revoke(name) for name in names[:half]]
        begun = time.perf_counter()
        at_once = list(await asyncio.gather(*(revoke(name) for name in names[half:])))
        report.revoke_ms = {
            **{f"in turn {name}": value for name, value in describe(in_turn).items()},
            **{f"at once {name}": value for name, value in describe(at_once).items()},
            "at once, all": (time.perf_counter() - begun) * 1000,
        }


async def wait_for_end(call: Call) -> float:
    """When the stream ended in the pole's hand; it must have been for the revocation."""
    try:
        while isinstance(await call.read(), session_pb2.ConnectResponse):
            continue
    except grpc.aio.AioRpcError as ended:
        if ended.code() is grpc.StatusCode.PERMISSION_DENIED:
            return time.perf_counter()
        raise
    raise RuntimeError("a stream ended without a reason")


def describe(values: list[float]) -> dict[str, float]:
    """Median, p99 and the most."""
    hundredths = statistics.quantiles(values, n=100)
    return {"p50": hundredths[49], "p99": hundredths[98], "most": max(values)}


def render(report: Report) -> str:
    """The report as a person reads it."""
    lines = [f"{name}: {value}" for name, value in report.machine.items()]
    middle = {side: statistics.median(found) for side, found in report.kib.items()}
    lines += [
        "",
        f"{report.streams} idle mTLS streams, KiB each: "
        + ", ".join(
            f"{side} {middle[side]:.0f} ({min(found):.0f}-{max(found):.0f}; "
            f"{report.threads[side]} threads)"
            for side, found in report.kib.items()
        ),
        f"goal {GOAL_KIB} KiB; beside sync {middle['ours'] / middle['sync']:.2f}, goal {SYNC_GOAL}",
        "revoke to end of stream, ms: "
        + ", ".join(f"{name} {value:.1f}" for name, value in report.revoke_ms.items())
        + f" (goal: p99 {REVOKE_GOAL_MS})",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
