"""Collector ingest: durable events per server CPU-second beside the bare sum of its parts.

The server is the real collector in a process of its own: mutual TLS, bounds checks, watermarks,
WAL FULL, an ack after each commit. Clients are 32 streams with 8 batches under way. The limit is
what the work costs without a network: parse, rows, insert and commit of as many batches at once
as the server itself gathered. Both run in turns. Then the time from capture to the ack at 1,000
events/s from 50 streams beside a bare commit, and the memory of 1,000 idle streams.

Usage: python -m tools.bench.ingest [--rounds N] [--seconds S] [--idle N] [--json]
"""

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from collector.ingest import Row, rows_of
from collector.schema import open_writer, signed
from collector.store import Delivery
from collector.watermark import Span
from edge.wire.v1 import session_pb2
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
STREAMS, WINDOW = 32, 8
LATENCY_STREAMS, LATENCY_EVENTS_PER_SECOND = 50, 1000
IDLE_GOAL_KIB = 100
INSERT = f"INSERT INTO events VALUES ({','.join('?' * len(Row._fields))})"  # noqa: S608
ACCOUNT = (
    "INSERT INTO epochs VALUES (?, ?, ?, 0, 0) ON CONFLICT (device, epoch) "
    "DO UPDATE SET stored_seq = excluded.stored_seq"
)


class Side(NamedTuple):
    """One measurement of the server or of the bare sum."""

    events_per_cpu_second: float
    events_per_second: float
    batches_per_commit: float


@dataclass
class Report:
    """Everything measured. Latencies in milliseconds, memory in KiB a stream."""

    machine: dict[str, str]
    throughput: list[dict[str, float]] = field(default_factory=list)
    latency: dict[str, float] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure, print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "collector"
        data.mkdir()
        poles = make_poles(data, max(arguments.idle, LATENCY_STREAMS, STREAMS))
        with start_collector(data) as collector:
            asyncio.run(measure(collector, poles, Path(folder), arguments, report))
    print(json.dumps(asdict(report)) if arguments.json else render(report))


async def measure(
    collector: Collector,
    poles: list[Pole],
    folder: Path,
    arguments: argparse.Namespace,
    report: Report,
) -> None:
    """All three parts, on one collector."""
    report.idle = await measure_idle(collector, poles[: arguments.idle])
    for batch in GOALS:
        ours: list[Side] = []
        bare: list[Side] = []
        for number in range(arguments.rounds):
            epoch = 1 + batch * 1000 + number
            ours.append(
                await measure_server(collector, poles[:STREAMS], batch, epoch, arguments.seconds)
            )
            group = max(1, round(ours[-1].batches_per_commit))
            path = folder / f"bare-{epoch}.db"
            bare.append(measure_bare(path, batch, group, arguments.seconds / 2))
        report.throughput.append(summarise(batch, ours, bare))
    latencies = await measure_latency(collector, poles[:LATENCY_STREAMS], arguments.seconds * 3)
    commits = measure_commits(folder / "commits.db")
    report.latency = {
        "stored_p50_ms": percentile(latencies, 50),
        "stored_p99_ms": percentile(latencies, 99),
        "bare_commit_p50_ms": percentile(commits, 50),
        "events": len(latencies),
    }


async def measure_server(
    collector: Collector, poles: list[Pole], batch: int, epoch: int, seconds: float
) -> Side:
    """All streams send as fast as their windows allow."""
    opened = [await open_stream(collector, pole, epoch) for pole in poles]
    before, started = collector.usage(), time.perf_counter()
    until = started + seconds
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


def measure_bare(path: Path, batch: int, group: int, seconds: float) -> Side:
    """Parse, rows, insert, watermark, commit: `group` batches at once, in one thread."""
    request = make_batch(1, batch)
    with closing(open_writer(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=1000")
        texts: list[bytes] = []
        turn, number, events = 0, 0, 0
        started, cpu = time.perf_counter(), 0.0
        while time.perf_counter() < started + seconds:
            texts.clear()
            for _ in range(group):
                request.batch.first_seq = 1 + turn // STREAMS * batch
                texts.append(request.SerializeToString())
                turn += 1
            begun = time.process_time()
            rows: list[Row] = []
            accounts = []
            for text in texts:
                device = f"pole-{number // batch % STREAMS}"
                parsed = session_pb2.ConnectRequest.FromString(text).batch
                span = Span(parsed.first_seq, parsed.first_seq + batch - 1)
                rows += rows_of(Delivery(device, 1, parsed), span, number, 0)
                accounts.append((device, signed(1), span.last))
                number += batch
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, rows)
            connection.executemany(ACCOUNT, accounts)
            connection.execute("COMMIT")
            cpu += time.process_time() - begun
            events += len(rows)
        spent = time.perf_counter() - started
    return Side(events / cpu, events / spent, group)


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


def measure_commits(path: Path) -> list[float]:
    """Single events committed by nobody but us; ms each."""
    delivery = Delivery("pole-0", 1, make_batch(1, 1).batch)
    spent = []
    with closing(open_writer(path)) as connection:
        for number in range(1, 1001):
            (row,) = rows_of(delivery, Span(1, 1), number, 0)
            begun = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(INSERT, row._replace(seq=number))
            connection.execute("COMMIT")
            spent.append((time.perf_counter() - begun) * 1000)
    return spent


async def measure_idle(collector: Collector, poles: list[Pole]) -> dict[str, float]:
    """Open streams that say nothing; what each of the second half adds to the server's memory."""
    half = len(poles) // 2  # what the first half needs once (caches, arenas) is not counted
    warm = [await open_stream(collector, pole, 99) for pole in poles[:half]]
    before = collector.usage()
    channels = [channel for channel, _ in warm]
    calls: list[Call] = [call for _, call in warm]
    for pole in poles[half:]:
        channel, call = await open_stream(collector, pole, 99)
        channels.append(channel)
        calls.append(call)
    after = collector.usage()
    await close_all(channels)
    return {
        "streams": len(calls),
        "kib_per_stream": (after.rss_bytes - before.rss_bytes) / 1024 / (len(calls) - len(warm)),
        "rss_mib": after.rss_bytes / 1024 / 1024,
        "threads": after.threads,
    }


def summarise(batch: int, ours: list[Side], bare: list[Side]) -> dict[str, float]:
    """Medians and their spread over the rounds; the ratio is the median of the rounds' ratios."""
    ratios = [
        one.events_per_cpu_second / two.events_per_cpu_second
        for one, two in zip(ours, bare, strict=True)
    ]
    rates = [one.events_per_cpu_second for one in ours]
    return {
        "batch": batch,
        "ours": statistics.median(rates),
        "ours_low": min(rates),
        "ours_high": max(rates),
        "ours_wall": statistics.median(one.events_per_second for one in ours),
        "batches_per_commit": statistics.median(one.batches_per_commit for one in ours),
        "bare": statistics.median(two.events_per_cpu_second for two in bare),
        "ratio": statistics.median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "goal": GOALS[batch],
    }


def percentile(values: list[float], percent: int) -> float:
    """A percentile of many values."""
    return statistics.quantiles(values, n=100)[percent - 1]


def render(report: Report) -> str:
    """The report as a person reads it."""
    lines = [f"{name}: {value}" for name, value in report.machine.items()]
    lines += [
        (
            f"method: {STREAMS} mTLS streams, {WINDOW} batches under way, CPU of the server (user "
            "+ system); bare sum in turns at the same commit size; medians (range)"
        ),
        "",
        (
            "batch  ours, events/CPU-s         wall/s   batches/commit  bare       ratio"
            "              goal"
        ),
    ]
    lines += [
        f"{row['batch']:>5}  {row['ours']:>8,.0f} ({row['ours_low']:,.0f}-{row['ours_high']:,.0f})"
        f"  {row['ours_wall']:>8,.0f}  {row['batches_per_commit']:>14.1f}  {row['bare']:>9,.0f}"
        f"  {row['ratio']:.2f} ({row['ratio_low']:.2f}-{row['ratio_high']:.2f})  {row['goal']:.2f}"
        for row in report.throughput
    ]
    latency, idle = report.latency, report.idle
    lines += [
        "",
        (
            f"capture to ack at {LATENCY_EVENTS_PER_SECOND} events/s, {LATENCY_STREAMS} mTLS "
            f"streams: p50 {latency['stored_p50_ms']:.1f} ms, "
            f"p99 {latency['stored_p99_ms']:.1f} ms (goal 25; "
            f"bare commit p50 {latency['bare_commit_p50_ms']:.2f} ms)"
        ),
        (
            f"{idle['streams']:.0f} idle mTLS streams: {idle['kib_per_stream']:.0f} KiB each "
            f"(goal {IDLE_GOAL_KIB}), {idle['rss_mib']:.0f} MiB in all, "
            f"{idle['threads']:.0f} threads"
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
