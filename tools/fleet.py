"""A collector in a process of its own and poles that connect to it: for the benchmarks."""

import asyncio
import os
import platform
import sqlite3
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import google.protobuf
import grpc
import psutil

from collector.authority import Authority
from edge.clock import SystemClock
from edge.enrolment.channel import Credentials, make_channel
from edge.wire.v1 import event_pb2, session_pb2, session_pb2_grpc

if TYPE_CHECKING:
    from edge.wire.v1.session_pb2_grpc import SessionServiceAsyncStub

READY_SECONDS = 30.0
Call = grpc.aio.StreamStreamCall[session_pb2.ConnectRequest, session_pb2.ConnectResponse]


class Pole(NamedTuple):
    """A name and what it proves it with."""

    name: str
    credentials: Credentials


class Usage(NamedTuple):
    """What the collector has used and done since it started."""

    cpu_seconds: float
    commits: float
    events: float
    rss_bytes: int
    threads: int


@dataclass(frozen=True)
class Collector:
    """A running collector."""

    process: subprocess.Popen[bytes]
    sessions: str
    page: str

    def usage(self) -> Usage:
        """Its counters now."""
        own = psutil.Process(self.process.pid)
        cpu = own.cpu_times()
        with urllib.request.urlopen(f"http://{self.page}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        counted = dict(
            line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")
        )
        return Usage(
            cpu.user + cpu.system,
            float(counted["vigie_commit_seconds_count"]),
            float(counted["vigie_events_stored_total"]),
            own.memory_info().rss,
            own.num_threads(),
        )


def make_poles(data: Path, count: int) -> list[Pole]:
    """Certificates of the collector's own authority, made before it starts."""
    authority = Authority(data / "authority", SystemClock())
    poles = []
    for number in range(count):
        name = f"pole-{number}"
        pair = authority.make_client(f"vigie://device/{name}")
        poles.append(Pole(name, Credentials(authority.ca_pem, pair.key_pem, pair.certificate_pem)))
    return poles


@contextmanager
def start_collector(data: Path) -> Iterator[Collector]:
    """`vigie collector run` on free ports of loopback, until the context ends."""
    command = [sys.executable, "-m", "edge.cli.main", "collector", "run", "--data", str(data)]
    ports = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen([*command, *ports], stdout=log, stderr=log)
        try:
            addresses = _wait_for_addresses(data, process)
            yield Collector(process, addresses["sessions"], addresses["page"])
        finally:
            process.terminate()
            process.wait(READY_SECONDS)


async def open_stream(
    collector: Collector, pole: Pole, epoch: int
) -> tuple[grpc.aio.Channel, Call]:
    """A stream on a connection of its own, welcomed."""
    channel = make_channel(collector.sessions, pole.credentials)
    stub: SessionServiceAsyncStub = session_pb2_grpc.SessionServiceStub(channel)
    call = stub.Connect()
    hello = session_pb2.Hello(
        wire_version=1, device=pole.name, epoch=epoch, software="bench", last_seq=1 << 40
    )
    await call.write(session_pb2.ConnectRequest(hello=hello))
    answer = await call.read()
    if not isinstance(answer, session_pb2.ConnectResponse):
        raise TypeError(f"{pole.name} was not welcomed: {await call.details()}")
    return channel, call


def make_batch(first_seq: int, count: int) -> session_pb2.ConnectRequest:
    """A batch of events of the usual content: box, track, score, trace of four points."""
    events = [
        event_pb2.Event(
            captured_delta_ms=40 * place,
            rule=1 + place % 5,
            phase=event_pb2.PHASE_START,
            object_class=event_pb2.OBJECT_CLASS_PERSON,
            box=0x4000_5000_6000_8000 + place,
            track=100 + place,
            score_percent=87,
            duration_ms=1500,
            trace=bytes((3, 250, 4, 251, 3, 249, 2, 252)),
        )
        for place in range(count)
    ]
    batch = event_pb2.Batch(
        first_seq=first_seq,
        captured_utc_ms=time.time_ns() // 1_000_000,
        dictionary=1,
        events=events,
        clock_error_ms=12,
    )
    return session_pb2.ConnectRequest(batch=batch)


def describe_machine() -> dict[str, str]:
    """Machine and versions, as each benchmark prints them."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "grpcio": grpc.__version__,
        "protobuf": google.protobuf.__version__,
    }


async def close_all(channels: list[grpc.aio.Channel]) -> None:
    """Hang up."""
    await asyncio.gather(*(channel.close() for channel in channels))


def _wait_for_addresses(data: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    deadline = time.monotonic() + READY_SECONDS
    written = data / "operator" / "collector.toml"
    while time.monotonic() < deadline and process.poll() is None:
        if written.exists():
            found = tomllib.loads(written.read_text())
            if found["process"] == process.pid:
                return {name: str(value) for name, value in found.items()}
        time.sleep(0.05)
    raise TimeoutError(f"the collector did not start; see {data / 'log'}")
