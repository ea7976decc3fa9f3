"""What recording costs: the vault beside a program that only writes the same bytes.

A camera of 4 Mbit/s (25 pictures a second, a key picture every two seconds, Annex B, bytes that do
not compress) is sent over a Unix socket at some multiple of its pace, each packet by itself. Ours
is the vault's own intake, gathering, sealing, writing, syncing and noting, in a process of its own;
bare reads the same socket and writes and syncs the same bytes every two seconds. They run in
turns; CPU is user + system of that process, start not included.

Usage: python -m tools.bench.ring [--rounds N] [--seconds N] [--pace N] [--json]
"""

import argparse
import json
import os
import platform
import random
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.clock import SystemClock
from edge.mandate.envelope import MANDATE, sign_payload
from edge.mandate.kernel_clock import KernelClock
from edge.mandate.keys import make_signing_key
from edge.mandate.mailbox import write_incoming
from edge.mandate.places import Places, trust_path
from edge.mandate.room import MandateRoom
from edge.mandate.statement import utc_text
from edge.mandate.trust import Trust, write_trust
from edge.vault import sealing
from edge.vault.canon import Canon
from edge.vault.disk import SystemDisk
from edge.vault.fragment import Fragment
from edge.vault.gathering import Context, Gatherer
from edge.vault.intake import Intake
from edge.vault.places import VaultPlaces
from edge.vault.record import NO_CHAIN
from edge.vault.recorder import open_recorder
from edge.whole_file import write_whole
from edge.wire.packets import (
    SourceKind,
    StreamHello,
    StreamPacket,
    StreamRules,
    Unpacker,
    pack_hello,
    pack_packet_head,
)

CAMERA, DEVICE = "north", "bench"
FPS = 25
GROUP = 2 * FPS
BYTES_PER_SECOND = 4_000_000 // 8
KEY_SHARE = 0.15
# High profile, 1920x1080: what an encoder says of such a stream.
SETS = (
    bytes.fromhex("67640028acd940780227e5c05a808080a0000003002000000651e30632c0"),
    bytes.fromhex("68ebe3cb22c0"),
)
GOAL_CORE_FRAC = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    """One side over the rounds: CPU milliseconds per second of video, median and spread."""

    side: str
    cpu_ms: float
    cpu_ms_spread: tuple[float, float]


def make_packets(seconds: int) -> list[StreamPacket]:
    """The camera's packets, captured in the minutes before now."""
    rng = random.Random(1)
    group_bytes = BYTES_PER_SECOND * GROUP // FPS
    key_bytes = int(group_bytes * KEY_SHARE)
    other_bytes = (group_bytes - key_bytes) // (GROUP - 1)
    begun_utc_ns = time.time_ns() - (seconds + 60) * 10**9
    begun_ns = time.monotonic_ns() - (seconds + 60) * 10**9
    packets = []
    for number in range(seconds * FPS):
        is_key = number % GROUP == 0
        picture = rng.randbytes(key_bytes if is_key else other_bytes).replace(
            b"\x00\x00", b"\x01\x00"
        )
        units = [*SETS, b"\x65" + picture] if is_key else [b"\x41" + picture]
        passed_ns = number * 10**9 // FPS
        packets.append(
            StreamPacket(
                encoded=b"".join(b"\x00\x00\x00\x01" + unit for unit in units),
                is_key=is_key,
                is_discontinuous=False,
                pts=number * 3_600,
                dts=number * 3_600,
                duration=3_600,
                captured_utc_ns=begun_utc_ns + passed_ns,
                captured_monotonic_ns=begun_ns + passed_ns,
                clock_error_ms=1,
            )
        )
    return packets


def make_hello() -> StreamHello:
    """As RTSP gives it: no parameter sets outside the stream."""
    return StreamHello(
        CAMERA, "h264", b"", 1920, 1080, 1, 90_000, is_masked=False, source_kind=SourceKind.CAMERA,
        rules=StreamRules("00" * 32, "00" * 32),
    )  # fmt: skip


def allow(data: Path) -> None:
    """A bench mandate for the one camera, signed by a key that is thrown away."""
    key = make_signing_key("bench")
    write_whole(
        trust_path(data), write_trust(Trust("bench", 1, (key.public,), None, ())), mode=0o644
    )
    now = datetime.now(UTC)
    statement = {
        "format": 1,
        "version": 1,
        "authority": "bench",
        "legal_basis": "None: a measurement",
        "purpose": "To measure",
        "place": "Here",
        "contact": "nobody@example.org",
        "profile": "bench",
        "mode": "operation",
        "devices": [DEVICE],
        "cameras": [{"camera": CAMERA, "zones": []}],
        "time_zone": "UTC",
        "windows": [
            {
                "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "starts": "00:00",
                "ends": "24:00",
            }
        ],
        "not_before_utc": utc_text(now - timedelta(days=1)),
        "expires_utc": utc_text(now + timedelta(days=1)),
        "ring_days": 7,
        "clip_requesters": [],
        "rules_sha256": {},
        "models": [],
    }
    write_incoming(data, sign_payload(json.dumps(statement).encode(), MANDATE, key))


def record(data: Path) -> None:
    """The vault, until the one camera hangs up and all is on the disk."""
    clock = SystemClock()
    room = MandateRoom(
        Places(data, "vault"),
        device=DEVICE,
        clock=clock,
        computes=False,
        kernel=lambda: KernelClock(is_synchronised=True, max_error_us=1000),
    )
    room.poll()
    recorder = open_recorder(
        VaultPlaces(data), room.permit, clock=clock, disk=SystemDisk(), quota_bytes=10**10
    )
    with selectors.DefaultSelector() as selector:
        intake = Intake(VaultPlaces(data).socket, recorder, selector)
        print("ready", flush=True)
        begun_s = _cpu_s()
        while not (recorder.snapshot.sealed_fragments and len(selector.get_map()) == 1):
            for key, _ in selector.select(1.0):
                key.data()
            recorder.tick()
        recorder.settle()
        print(_cpu_s() - begun_s, recorder.snapshot.sealed_fragments, flush=True)
        intake.close()
    recorder.close()


def write_bare(data: Path) -> None:
    """The least that could keep the video: read the frames, write and sync two seconds of them."""
    path = VaultPlaces(data).socket
    path.parent.mkdir(parents=True)
    buffer = memoryview(bytearray(256 * 1024))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        print("ready", flush=True)
        line, _ = listener.accept()
        begun_s = _cpu_s()
        descriptor = os.open(data / "bare", os.O_WRONLY | os.O_CREAT, 0o600)
        unpacker = Unpacker()
        kept: list[bytes] = []
        writes = 0
        with line:
            while size_bytes := line.recv_into(buffer):
                for frame in unpacker.feed(buffer[:size_bytes]):
                    if isinstance(frame, StreamPacket):
                        if frame.is_key and kept:
                            writes += _write_out(descriptor, kept)
                        kept.append(frame.encoded)
        writes += _write_out(descriptor, kept)
        os.close(descriptor)
        print(_cpu_s() - begun_s, writes, flush=True)


def _write_out(descriptor: int, kept: list[bytes]) -> int:
    os.writev(descriptor, kept)
    os.fdatasync(descriptor)
    kept.clear()
    return 1


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_once(side: str, packets: list[StreamPacket], pace: float) -> float:
    """CPU seconds that a side spends on all packets."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data = Path(folder)
        allow(data)
        command = [sys.executable, "-m", "tools.bench.ring", "--side", side, "--data", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(str(VaultPlaces(data).socket))
                line.sendall(pack_hello(make_hello()))
                begun_s = time.perf_counter()
                for number, packet in enumerate(packets):
                    line.sendall(pack_packet_head(packet) + packet.encoded)
                    ahead_s = begun_s + number / FPS / pace - time.perf_counter()
                    time.sleep(max(0.0, ahead_s))
            cpu_s, fragments = child.stdout.readline().split()
            assert int(fragments) == -(-len(packets) // GROUP), f"{side} lost fragments"
    return float(cpu_s)


def gather(packets: list[StreamPacket]) -> list[Fragment]:
    """The fragments that the vault makes of them."""
    gatherer = Gatherer(CAMERA)
    done = gatherer.begin(make_hello())
    for packet in packets:
        done += gatherer.take(packet, Context(packet.captured_utc_ns, "kernel_ntp", 1))
    return done + gatherer.flush()


def time_steps(packets: list[StreamPacket]) -> dict[str, float]:
    """CPU milliseconds per second of video: canonical samples alone; hash and seal alone."""
    seconds = len(packets) / FPS
    canon = Canon(make_hello())
    begun_ns = time.process_time_ns()
    for packet in packets:
        canon.convert(packet.encoded)
    converted_ns = time.process_time_ns() - begun_ns
    fragments = gather(packets)
    suite, key = sealing.choose_suite(), bytes(32)
    begun_ns = time.process_time_ns()
    for fragment in fragments:
        header, table = sealing.describe(
            fragment, seq=1, day=1, suite=suite, mandate_version=1, before=NO_CHAIN
        )
        sealing.seal(key, header, fragment.samples, table)
    sealed_ns = time.process_time_ns() - begun_ns
    return {"canon_ms": converted_ns / 1e6 / seconds, "seal_ms": sealed_ns / 1e6 / seconds}


def measure(rounds: int, seconds: int, pace: float) -> tuple[list[Measured], list[float]]:
    """Both sides in turns, and ours beside bare in each turn."""
    packets = make_packets(seconds)
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        for side, found in spent.items():
            found.append(run_once(side, packets, pace) * 1e3 / seconds)
    ratios = [ours / bare for ours, bare in zip(spent["ours"], spent["bare"], strict=True)]
    sides = [
        Measured(side, statistics.median(found), (min(found), max(found)))
        for side, found in spent.items()
    ]
    return sides, ratios


def main() -> None:
    """Measure, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--pace", type=float, default=20.0)
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--side", choices=["ours", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side is not None:
        (record if asked.side == "ours" else write_bare)(asked.data)
        return
    sides, ratios = measure(asked.rounds, asked.seconds, asked.pace)
    steps = [time_steps(make_packets(asked.seconds)) for _ in range(asked.rounds)]
    medians = {name: statistics.median(step[name] for step in steps) for name in steps[0]}
    ours = next(each for each in sides if each.side == "ours")
    core_frac = ours.cpu_ms / 1_000
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.python_version()}",
        "method": f"{asked.seconds} s of 4 Mbit/s at {asked.pace:g}x its pace, "
        f"{asked.rounds} rounds in turns, median and spread of CPU",
        "sides": [asdict(each) for each in sides],
        "beside_bare": [min(ratios), statistics.median(ratios), max(ratios)],
        "steps_ms": medians,
        "seal_share": medians["seal_ms"] / ours.cpu_ms,
        "core_frac": core_frac,
        "is_met": core_frac <= GOAL_CORE_FRAC,
    }
    if asked.as_json:
        print(json.dumps(result))
        return
    print(f"{result['machine']}; {result['method']}")
    for each in sides:
        low, high = each.cpu_ms_spread
        print(
            f"{each.side:5} {each.cpu_ms:6.2f} ms CPU per second of video ({low:.2f} to {high:.2f})"
        )
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"ours beside bare: {middle:.2f}x ({low:.2f} to {high:.2f})")
    print(
        f"of ours: canonical samples {medians['canon_ms']:.2f} ms, hash and seal "
        f"{medians['seal_ms']:.2f} ms ({medians['seal_ms'] / ours.cpu_ms:.0%})"
    )
    met = "met" if core_frac <= GOAL_CORE_FRAC else "MISSED"
    print(f"a core's share: {core_frac:.2%}, goal <= {GOAL_CORE_FRAC:.0%}: {met}")


if __name__ == "__main__":
    main()
