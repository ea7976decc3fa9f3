"""From received batches to rows: what is new, what it is called, how far the account goes.

Runs in the writer's thread, inside its transaction. It knows the `Ledger` below and no
database; the unique key (device, epoch, seq) in the store is the last word on what is new.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from collector.schema import signed
from collector.store import Committed, Delivery
from collector.watermark import Span, Watermark
from edge.clock import Clock
from edge.wire.v1 import event_pb2


class Row(NamedTuple):
    """One event as it is stored. `epoch` is signed; `body` is the event's own encoding."""

    number: int
    device: str
    epoch: int
    seq: int
    captured_utc_ms: int
    stored_utc_ms: int
    clock_error_ms: int | None
    dictionary: int
    rule: int
    phase: int
    start_seq: int | None
    body: bytes
    crc: int


class Account(NamedTuple):
    """The watermark row of one (device, epoch) after a group."""

    stored_seq: int
    new_events: int
    stored_utc_ms: int
    device: str
    epoch: int


class Ledger(Protocol):
    """What the store remembers between groups."""

    def read_watermark(self, device: str, epoch: int) -> Watermark:
        """The account of a (device, epoch), with what is stored beyond its watermark."""
        ...

    def read_stored_seqs(self, device: str, epoch: int, span: Span) -> set[int]:
        """Which seqs of a span are stored."""
        ...

    def write_events(self, rows: Sequence[Row]) -> None:
        """Insert rows that are new."""
        ...

    def write_accounts(self, accounts: Sequence[Account]) -> None:
        """Replace watermarks."""
        ...


class Ingest:
    """The writer's memory of watermarks and of the next number."""

    def __init__(self, clock: Clock, next_number: int) -> None:
        self._clock = clock
        self._next_number = next_number
        self._committed_number = next_number
        self._watermarks: dict[tuple[str, int], Watermark] = {}

    def store(self, ledger: Ledger, deliveries: Sequence[Delivery]) -> list[Committed]:
        """Write what is new of a group of deliveries; one result each, in order."""
        self._committed_number = self._next_number
        stored_utc_ms = self._clock.utc_ns() // 1_000_000
        rows: list[Row] = []
        accounts: dict[tuple[str, int], Account] = {}
        results: list[Committed] = []
        for delivery in deliveries:
            fresh = self._fresh_rows(ledger, delivery, stored_utc_ms, rows)
            rows.extend(fresh)
            key = (delivery.device, delivery.epoch)
            stored_seq = self._watermarks[key].stored_seq
            before = accounts[key].new_events if key in accounts else 0
            accounts[key] = Account(
                stored_seq, before + len(fresh), stored_utc_ms, key[0], signed(key[1])
            )
            first_number = fresh[0].number if fresh else 0
            results.append(Committed(stored_seq, first_number, len(fresh)))
        ledger.write_events(rows)
        ledger.write_accounts(list(accounts.values()))
        return results

    def open_epoch(self, ledger: Ledger, device: str, epoch: int) -> int:
        """The watermark of a (device, epoch), remembered from now on."""
        return self._watermark(ledger, device, epoch).stored_seq

    def forget(self) -> None:
        """The transaction was rolled back: what was remembered of it is not so."""
        self._watermarks.clear()
        self._next_number = self._committed_number

    def _watermark(self, ledger: Ledger, device: str, epoch: int) -> Watermark:
        key = (device, epoch)
        if key not in self._watermarks:
            self._watermarks[key] = ledger.read_watermark(device, epoch)
        return self._watermarks[key]

    def _fresh_rows(
        self, ledger: Ledger, delivery: Delivery, stored_utc_ms: int, pending: Sequence[Row]
    ) -> list[Row]:
        """Rows of the events that are not stored yet; moves the watermark over all of them."""
        batch = delivery.batch
        watermark = self._watermark(ledger, delivery.device, delivery.epoch)
        follows_seq = batch.follows_seq if batch.HasField("follows_seq") else None
        span = Span(batch.first_seq, batch.first_seq + len(batch.events) - 1)
        offer = watermark.offer(span, follows_seq)
        spans = list(offer.fresh)
        for known in offer.known:
            spans += self._holes(ledger, delivery, known, pending)
        rows: list[Row] = []
        for span in spans:
            rows += rows_of(delivery, span, self._next_number, stored_utc_ms)
            self._next_number += span.length
        return rows

    def _holes(
        self, ledger: Ledger, delivery: Delivery, known: Span, pending: Sequence[Row]
    ) -> list[Span]:
        """A repeat is normally stored; an event once held for gone is not."""
        stored = ledger.read_stored_seqs(delivery.device, delivery.epoch, known)
        key = (delivery.device, signed(delivery.epoch))
        stored |= {row.seq for row in pending if (row.device, row.epoch) == key}
        return [Span(seq, seq) for seq in range(known.first, known.last + 1) if seq not in stored]


def rows_of(delivery: Delivery, span: Span, number: int, stored_utc_ms: int) -> list[Row]:
    """The rows of a span of a batch's events, numbered from `number`."""
    batch = delivery.batch
    device, epoch = delivery.device, signed(delivery.epoch)
    base_utc_ms, dictionary = batch.captured_utc_ms, batch.dictionary
    error_ms = batch.clock_error_ms if batch.HasField("clock_error_ms") else None
    key = key_crc(device, epoch)
    make = Row._make  # an eighth of the whole loop's time against calling Row
    first = batch.first_seq
    events = batch.events[span.first - first : span.last - first + 1]
    rows: list[Row] = []
    for seq, event in enumerate(events, start=span.first):
        body = event.SerializeToString()
        rows.append(
            make(
                (
                    number + seq - span.first,
                    device,
                    epoch,
                    seq,
                    base_utc_ms + event.captured_delta_ms,
                    stored_utc_ms,
                    error_ms,
                    dictionary,
                    event.rule,
                    event.phase,
                    _start_seq(event, seq),
                    body,
                    event_crc(key, seq, body),
                )
            )
        )
    return rows


def key_crc(device: str, epoch: int) -> int:
    """CRC-32 over the part of the key that a batch shares. epoch: signed."""
    return zlib.crc32(epoch.to_bytes(8, "big", signed=True) + device.encode())


def event_crc(key: int, seq: int, body: bytes) -> int:
    """CRC-32 over key and body, so that neither can change unseen."""
    return zlib.crc32(body, zlib.crc32(seq.to_bytes(8, "big"), key))


def _start_seq(event: event_pb2.Event, seq: int) -> int | None:
    """Seq of the incident's START; None when the device did not know it."""
    if event.phase == event_pb2.PHASE_START:
        return seq
    return seq - event.start_back if event.HasField("start_back") else None
