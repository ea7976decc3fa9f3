"""What ingest costs bare: parse, rows, checksum, insert and commit in one thread, no network."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from collector.ingest import event_crc, key_crc, piece_of
from collector.ledger import SqliteLedger
from collector.schema import open_writer, signed
from collector.store import Delivery
from collector.watermark import Span
from edge.wire.v1 import event_pb2, session_pb2
from tools.brokers import Load, Side
from tools.fleet import make_batch

INSERT = f"INSERT INTO events VALUES ({','.join('?' * 13)})"  # noqa: S608
ACCOUNT = (
    "INSERT INTO epochs VALUES (?, ?, ?, 0, 0) ON CONFLICT (device, epoch) "
    "DO UPDATE SET stored_seq = excluded.stored_seq"
)
Row = tuple[int | str | bytes | None, ...]
Store = Callable[[sqlite3.Connection, list[Delivery], int], None]


def measure_bare(path: Path, load: Load, group: int, store: Store) -> Side:
    """Parse, rows, insert, watermark, commit: `group` batches at once, in one thread."""
    request, batch = make_batch(1, load.batch), load.batch
    with closing(open_writer(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=1000")
        turn, events = 0, 0
        started, cpu = time.perf_counter(), 0.0
        while time.perf_counter() < started + load.seconds / 2:
            texts: list[tuple[str, bytes]] = []
            for _ in range(group):
                request.batch.first_seq = 1 + turn // load.streams * batch
                texts.append((f"pole-{turn % load.streams}", request.SerializeToString()))
                turn += 1
            begun = time.process_time()
            deliveries = [
                Delivery(device, 1, session_pb2.ConnectRequest.FromString(text).batch)
                for device, text in texts
            ]
            connection.execute("BEGIN IMMEDIATE")
            store(connection, deliveries, events)
            accounts = [
                (each.device, signed(1), each.batch.first_seq + batch - 1) for each in deliveries
            ]
            connection.executemany(ACCOUNT, accounts)
            connection.execute("COMMIT")
            cpu += time.process_time() - begun
            events += group * batch
        spent = time.perf_counter() - started
    return Side(events / cpu, events / spent, group)


def store_by_row(connection: sqlite3.Connection, deliveries: list[Delivery], number: int) -> None:
    """One statement an event: what the goal was set with."""
    rows: list[Row] = []
    for delivery in deliveries:
        rows += rows_of(delivery, number + len(rows))
    connection.executemany(INSERT, rows)


def store_by_piece(connection: sqlite3.Connection, deliveries: list[Delivery], number: int) -> None:
    """As the collector does it."""
    pieces = []
    for delivery in deliveries:
        batch = delivery.batch
        span = Span(batch.first_seq, batch.first_seq + len(batch.events) - 1)
        pieces.append(piece_of(delivery, span, number, 0))
        number += span.length
    SqliteLedger(connection).write_events(pieces)


def rows_of(delivery: Delivery, number: int) -> list[Row]:
    """The rows of a batch's events, one tuple each."""
    batch, device, epoch = delivery.batch, delivery.device, signed(delivery.epoch)
    base_utc_ms, dictionary, error_ms = batch.captured_utc_ms, batch.dictionary, 12
    key = key_crc(device, epoch)
    rows: list[Row] = []
    for place, event in enumerate(batch.events):
        seq, body, phase = batch.first_seq + place, event.SerializeToString(), event.phase
        captured_utc_ms = base_utc_ms + event.captured_delta_ms
        start_seq = seq if phase == event_pb2.PHASE_START else seq - event.start_back
        crc = event_crc(key, seq, body)
        shared = (number + place, device, epoch, seq, captured_utc_ms, 0, error_ms, dictionary)
        rows.append((*shared, event.rule, phase, start_seq, body, crc))
    return rows


def measure_commits(path: Path) -> list[float]:
    """Single events committed by nobody but us; ms each."""
    delivery = Delivery("pole-0", 1, make_batch(1, 1).batch)
    spent = []
    with closing(open_writer(path)) as connection:
        for number in range(1, 1001):
            delivery.batch.first_seq = number
            begun = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(INSERT, rows_of(delivery, number)[0])
            connection.execute("COMMIT")
            spent.append((time.perf_counter() - begun) * 1000)
    return spent
