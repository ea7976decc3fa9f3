"""Collector ingest: durable events per server CPU-second beside the bare sum, and beside brokers.

The server is the real collector in a process of its own: mutual TLS, bounds checks, watermarks,
WAL FULL, an ack after each commit. Clients are 32 streams with 8 batches under way. The limit is
what the work costs without a network: parse, rows, insert and commit of as many batches at once
as the server itself gathered; once row by row, and once with the collector's own statements. The
peers are brokers with a Python subscriber into the same store, acked after commit. All sides run
in turns. Then the time from capture to the ack at 1,000 events/s from 50 streams beside a bare
commit.

Usage: python -m tools.bench.ingest [--rounds N] [--seconds S] [--json]
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edge.wire.v1 import session_pb2
from tools.bare_ingest import measure_bare, measure_commits, store_by_piece, store_by_row
from tools.brokers import PEERS, Load, Side, measure_broker
from tools.fleet import (
    Call,
    Collector,
    Pole,
    close_all,
    describe_machine,
    make_batch,
    make_poles,
    open_stream,
    start_collector,
)

GOALS = {1: 0.10, 32: 0.60, 256: 0.75}
PEER_GOALS = {
    "JetStream, synced": {1: 1.8, 32: 1.15, 256: 0.9},
    "Mosquitto QoS 1 (not synced at ack)": {32: 1.2, 256: 1.5},
}
OURS, BARE, BARE_OURS = "ours", "bare, row by row", "bare, our statements"
STREAMS, WINDOW = 32, 8
LATENCY_STREAMS, LATENCY_EVENTS_PER_SECOND = 50, 1000


@dataclass
class Report:
    """Everything measured. sides: by batch, then by name, one Side a round. Latencies in ms."""

    machine: dict[str, str]
    sides: dict[int, dict[str, list[Side]]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    latency: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure, print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = Report(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "collector"
        data.mkdir()
        poles = make_poles(data, max(LATENCY_STREAMS, STREAMS))
        with start_collector(data) as collector:
            measure(collector, poles, Path(folder), arguments, report)
    print(json.dumps(asdict(report)) if arguments.json else render(report))


def measure(
    collector: Collector,
    poles: list[Pole],
    folder: Path,
    arguments: argparse.Namespace,
    report: Report,
) -> None:
    """All parts, on one collector, in turns."""
    report.absent = {peer.name: why for peer in PEERS if (why := peer.missing())}
    peers = [peer for peer in PEERS if peer.name not in report.absent]
    for batch in GOALS:
        sides = report.sides.setdefault(batch, {})
        load = Load(
            STREAMS, WINDOW, batch, arguments.seconds, make_batch(1, batch).SerializeToString()
        )
        for number in range(arguments.rounds):
            epoch = 1 + batch * 1000 + number
            ours = asyncio.run(measure_server(collector, poles[:STREAMS], load, epoch))
            sides.setdefault(OURS, []).append(ours)
            group = max(1, round(ours.batches_per_commit))
            for name, store in ((BARE, store_by_row), (BARE_OURS, store_by_piece)):
                path = folder / f"{name}-{epoch}.db"
                side = measure_bare(path, load, group, store)
                sides.setdefault(name, []).append(side)
            for peer in peers:
                side = measure_broker(peer, folder / f"{peer.name}-{epoch}", load)
                sides.setdefault(peer.name, []).append(side)
            said = ", ".join(
                f"{name} {found[-1].events_per_cpu_second:,.0f}" for name, found in sides.items()
            )
            print(f"batch {batch}, events/CPU-s: {said}", file=sys.stderr, flush=True)
    latencies = asyncio.run(
        measure_latency(collector, poles[:LATENCY_STREAMS], arguments.seconds * 3)
    )
    commits = measure_commits(folder / "commits.db")
    report.latency = {
        "stored_p50_ms": percentile(latencies, 50),
        "stored_p99_ms": percentile(latencies, 99),
        "bare_commit_p50_ms": percentile(commits, 50),
        "events": len(latencies),
    }


async def measure_server(collector: Collector, poles: list[Pole], load: Load, epoch: int) -> Side:
    """All streams send as fast as their windows allow."""
    opened = [await open_stream(collector, pole, epoch) for pole in poles]
    before, started = collector.usage(), time.perf_counter()
    until, batch = started + load.seconds, load.batch
    counts = await asyncio.gather(*(pump(call, batch, until) for _, call in opened))
    spent = time.perf_counter() - started
    after = collector.usage()
    await close_all([channel for channel, _ in opened])
    events = after.events - before.events
    if events != batch * sum(counts):
        raise RuntimeError(f"{batch * sum(counts)} events were acked, {events} stored")
    return Side(
        events / (after.cpu_seconds - before.cpu_seconds),
        events / spent,
        sum(counts) / (after.commits - before.commits),
    )


async def pump(call: Call, batch: int, until: float) -> int:
    """Send with WINDOW batches under way until the time is over; how many were acked."""
    request = make_batch(1, batch)
    sent = acked = 0
    while acked < sent or time.perf_counter() < until:
        while sent - acked < WINDOW and time.perf_counter() < until:
            request.batch.first_seq = sent * batch + 1
            await call.write(request)
            sent += 1
        if acked < sent:
            acked = (await read_ack(call)) // batch
    return acked


async def read_ack(call: Call) -> int:
    """The next ack's seq."""
    answer = await call.read()
    if not isinstance(answer, session_pb2.ConnectResponse):
        raise TypeError(f"the stream ended: {await call.details()}")
    return answer.ack.stored_seq


async def measure_latency(collector: Collector, poles: list[Pole], seconds: float) -> list[float]:
    """Single events, evenly spread over all streams; ms from capture to the ack in hand."""
    opened = [await open_stream(collector, pole, 77) for pole in poles]
    pause = len(poles) / LATENCY_EVENTS_PER_SECOND
    found = await asyncio.gather(
        *(
            drip(call, pause, pause * place / len(opened), seconds)
            for place, (_, call) in enumerate(opened)
        )
    )
    await close_all([channel for channel, _ in opened])
    return [latency for each in found for latency in each]


async def drip(call: Call, pause: float, offset: float, seconds: float) -> list[float]:
    """One event each `pause` seconds, each acked before the next is due."""
    request = make_batch(1, 1)
    latencies = []
    due = time.perf_counter() + offset
    until = due + seconds
    seq = 0
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        seq += 1
        request.batch.first_seq = seq
        captured = time.perf_counter()
        await call.write(request)
        while await read_ack(call) < seq:
            continue
        latencies.append((time.perf_counter() - captured) * 1000)
        due += pause
    return latencies


def percentile(values: list[float], percent: int) -> float:
    """A percentile of many values."""
    return statistics.quantiles(values, n=100)[percent - 1]


def ratios(ours: list[Side], other: list[Side]) -> list[float]:
    """Ours beside another, round by round."""
    return [
        one.events_per_cpu_second / two.events_per_cpu_second
        for one, two in zip(ours, other, strict=True)
    ]


def render(report: Report) -> str:
    """The report as a person reads it."""
    lines = [f"{name}: {value}" for name, value in report.machine.items()]
    lines.append(
        f"method: {STREAMS} mTLS streams (brokers: no TLS), {WINDOW} batches under way, CPU of the "
        "server or of broker and subscriber (user + system), in turns; medians (range)"
    )
    for batch, sides in report.sides.items():
        lines += ["", f"batch {batch}: events/CPU-s, events/s wall, batches/commit, ours beside it"]
        lines += [
            render_side(name, found, sides[OURS], goal_of(name, batch))
            for name, found in sides.items()
        ]
    lines += [f"{name}: left out, {why}" for name, why in report.absent.items()]
    latency = report.latency
    lines += [
        "",
        (
            f"capture to ack at {LATENCY_EVENTS_PER_SECOND} events/s, {LATENCY_STREAMS} mTLS "
            f"streams: p50 {latency['stored_p50_ms']:.1f} ms, "
            f"p99 {latency['stored_p99_ms']:.1f} ms (goal 25; "
            f"bare commit p50 {latency['bare_commit_p50_ms']:.2f} ms)"
        ),
    ]
    return "\n".join(lines)


def goal_of(name: str, batch: int) -> float | None:
    """What our figure beside a side should be at least."""
    return GOALS[batch] if name == BARE else PEER_GOALS.get(name, {}).get(batch)


def render_side(name: str, found: list[Side], ours: list[Side], goal: float | None) -> str:
    """One line: medians and ranges."""
    rates = [side.events_per_cpu_second for side in found]
    beside = ratios(ours, found)
    return (
        f"  {name:<40} {statistics.median(rates):>9,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"
        f"  {statistics.median(side.events_per_second for side in found):>9,.0f}"
        f"  {statistics.median(side.batches_per_commit for side in found):>6.0f}"
        f"  {statistics.median(beside):.2f} ({min(beside):.2f}-{max(beside):.2f})"
        + (f"  goal {goal:.2f}" if goal else "")
    )


if __name__ == "__main__":
    main()
