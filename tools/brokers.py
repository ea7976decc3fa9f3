"""Message brokers as peers of the ingest: broker and subscriber, each in a process of its own.

The subscriber stores into the collector's tables and acks after commit; poles publish with the same
number of batches under way as ours. There is no TLS here, which is in the broker's favour.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import psutil

PEER_PYTHON = Path(".venv-peers/bin/python")
NATS_SERVER = Path(".venv-peers/bin/nats-server")
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
START_SECONDS = 15.0
STORE_SECONDS = 60.0


class Load(NamedTuple):
    """What the poles send: `window` batches of `batch` events under way on each stream."""

    streams: int
    window: int
    batch: int
    seconds: float
    template: bytes


class Side(NamedTuple):
    """One measurement of one side."""

    events_per_cpu_second: float
    events_per_second: float
    batches_per_commit: float


@dataclass(frozen=True)
class Peer:
    """A broker: how it is called, its programs in tools/peers, and how it is started."""

    name: str
    programs: str
    make_command: Callable[[Path, int], list[str]]
    missing: Callable[[], str]


def jetstream(folder: Path, port: int, *, is_synced: bool) -> list[str]:
    """A NATS server with a file store; synced before each ack, or as it comes."""
    sync = "sync_interval: always" if is_synced else ""
    path = folder / "nats.conf"
    path.write_text(
        f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder / "store"}"\n{sync} }}\n'
    )
    return [str(NATS_SERVER), "-c", str(path)]


def mosquitto(folder: Path, port: int) -> list[str]:
    """Mosquitto with persistence; it writes its store once a second, not before each ack."""
    path = folder / "mosquitto.conf"
    path.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
        f"persistence_location {folder}/\nautosave_interval 1\n"
        "max_inflight_messages 0\nmax_queued_messages 0\n"
    )
    return [MOSQUITTO, "-c", str(path)]


def _missing(program: Path | str) -> str:
    """Why a peer cannot run here; empty when it can."""
    if not PEER_PYTHON.exists() or not _has("paho.mqtt"):
        return "not installed (make .cache/peers-environment)"
    name = Path(program).name
    return "" if Path(program).exists() else f"{name} is not installed (apt-get install {name})"


def _has(module: str) -> bool:
    command = [str(PEER_PYTHON), "-c", f"import {module}"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


PEERS = (
    Peer(
        "JetStream, synced",
        "jetstream",
        lambda folder, port: jetstream(folder, port, is_synced=True),
        lambda: _missing(NATS_SERVER),
    ),
    Peer(
        "JetStream, default (not synced at ack)",
        "jetstream",
        lambda folder, port: jetstream(folder, port, is_synced=False),
        lambda: _missing(NATS_SERVER),
    ),
    Peer(
        "Mosquitto QoS 1 (not synced at ack)",
        "mqtt",
        mosquitto,
        lambda: _missing(MOSQUITTO),
    ),
)


def measure_broker(peer: Peer, folder: Path, load: Load) -> Side:
    """Start broker, subscriber and poles; stop when everything sent is stored and acked."""
    folder.mkdir()
    port = _free_port()
    address = f"127.0.0.1:{port}"
    with ExitStack() as running:
        log = running.enter_context((folder / "log").open("wb"))
        broker = _start(peer.make_command(folder, port), log, running)
        _wait_for(port)
        most = str(load.streams * load.window)  # as many as our poles may have under way
        subscriber = _start(
            [*_program(peer, "subscriber"), address, str(folder / "store.db"), most],
            log,
            running,
        )
        running.enter_context(_saying(folder / "log"))
        _read(subscriber)
        before = _cpu_seconds(broker, subscriber)
        words = [str(word) for word in load[:4]]
        sent = subprocess.run(
            [*_program(peer, "publisher"), address, *words],
            input=load.template,
            stdout=subprocess.PIPE,
            check=True,
        )
        told = json.loads(sent.stdout)
        begun = time.perf_counter()
        stored = _wait_until_stored(subscriber, told["batches"] * load.batch)
        seconds = told["seconds"] + time.perf_counter() - begun
        spent = _cpu_seconds(broker, subscriber) - before
    events = stored["events"]
    return Side(events / spent, events / seconds, told["batches"] / stored["commits"])


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    """On an error, add what broker and subscriber said last."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        error.add_note(path.read_text(errors="replace")[-2000:])
        raise


def _program(peer: Peer, role: str) -> list[str]:
    return [str(PEER_PYTHON), "-m", f"tools.peers.{peer.programs}_{role}"]


def _start(command: list[str], log: BinaryIO, running: ExitStack) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    running.callback(process.wait, START_SECONDS)
    running.callback(process.terminate)
    return process


def _wait_until_stored(subscriber: subprocess.Popen[bytes], events: int) -> dict[str, int]:
    deadline = time.monotonic() + STORE_SECONDS
    while time.monotonic() < deadline:
        if subscriber.stdin is None:
            raise TypeError("a subscriber answers on a pipe")
        subscriber.stdin.write(b"\n")
        subscriber.stdin.flush()
        stored = _read(subscriber)
        if stored["events"] >= events:
            return stored
        time.sleep(0.01)
    raise TimeoutError(f"of {events} events that the broker acked, {stored['events']} were stored")


def _read(process: subprocess.Popen[bytes]) -> dict[str, int]:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise RuntimeError("a peer's subscriber ended; run it by hand to see why")
    told: dict[str, int] = json.loads(line)
    return told


def _cpu_seconds(*processes: subprocess.Popen[bytes]) -> float:
    """User and system time of processes so far."""
    spent = [psutil.Process(process.pid).cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in spent))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")
