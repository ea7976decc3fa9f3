"""From received batches to rows: what is new, what it is called, how far the account goes.

Runs in the writer's thread, inside its transaction. It knows the `Ledger` below and no
database; the unique key (device, epoch, seq) in the store is the last word on what is new.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from collector.schema import signed
from collector.store import Committed, Delivery
from collector.watermark import Span, Watermark
from edge.clock import Clock
from edge.wire.v1 import event_pb2

Cell = int | str | bytes | None
CELLS_AN_EVENT = 6
_START = event_pb2.PHASE_START


class Piece(NamedTuple):
    """Consecutive events of one batch on their way into the store.

    number, first_seq, base_utc_ms: of the first event; number and seq count up from there, and
    each event's captured_delta_ms adds to the base. epoch: signed.
    cells: of each event in turn its captured_delta_ms, rule, phase, start_seq, body and crc.
    """

    number: int
    first_seq: int
    base_utc_ms: int
    device: str
    epoch: int
    stored_utc_ms: int
    clock_error_ms: int | None
    dictionary: int
    cells: list[Cell]


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

    def write_events(self, pieces: Sequence[Piece]) -> None:
        """Insert events that are new."""
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
        pieces: list[Piece] = []
        accounts: dict[tuple[str, int], Account] = {}
        results: list[Committed] = []
        pending: dict[tuple[str, int], list[Span]] = {}
        for delivery in deliveries:
            key = (delivery.device, delivery.epoch)
            spans = self._fresh_spans(ledger, delivery, pending.setdefault(key, []))
            first_number = self._next_number if spans else 0
            for span in spans:
                pieces.append(piece_of(delivery, span, self._next_number, stored_utc_ms))
                self._next_number += span.length
            stored_seq = self._watermarks[key].stored_seq
            stored_events = sum(span.length for span in spans)
            before = accounts[key].new_events if key in accounts else 0
            accounts[key] = Account(
                stored_seq, before + stored_events, stored_utc_ms, key[0], signed(key[1])
            )
            results.append(Committed(stored_seq, first_number, stored_events))
        ledger.write_events(pieces)
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

    def _fresh_spans(self, ledger: Ledger, delivery: Delivery, pending: list[Span]) -> list[Span]:
        """Spans of the events that are not stored yet; moves the watermark over all of them.

        pending: what of this (device, epoch) the same group writes; added to.
        """
        batch = delivery.batch
        watermark = self._watermark(ledger, delivery.device, delivery.epoch)
        follows_seq = batch.follows_seq if batch.HasField("follows_seq") else None
        span = Span(batch.first_seq, batch.first_seq + len(batch.events) - 1)
        offer = watermark.offer(span, follows_seq)
        spans = list(offer.fresh)
        for known in offer.known:
            spans += _holes(ledger, delivery, known, pending)
        pending += spans
        return spans


def _holes(ledger: Ledger, delivery: Delivery, known: Span, pending: Iterable[Span]) -> list[Span]:
    """A repeat is normally stored; an event once held for gone is not."""
    stored = ledger.read_stored_seqs(delivery.device, delivery.epoch, known)
    stored.update(seq for span in pending for seq in range(span.first, span.last + 1))
    return [Span(seq, seq) for seq in range(known.first, known.last + 1) if seq not in stored]


def piece_of(delivery: Delivery, span: Span, number: int, stored_utc_ms: int) -> Piece:
    """A span of a batch's events, numbered from `number`."""
    batch = delivery.batch
    device, epoch, first = delivery.device, signed(delivery.epoch), batch.first_seq
    return Piece(
        number,
        span.first,
        batch.captured_utc_ms,
        device,
        epoch,
        stored_utc_ms,
        batch.clock_error_ms if batch.HasField("clock_error_ms") else None,
        batch.dictionary,
        _cells_of(
            batch.events[span.first - first : span.last - first + 1],
            span.first,
            key_crc(device, epoch),
        ),
    )


def _cells_of(events: Iterable[event_pb2.Event], first_seq: int, key: int) -> list[Cell]:
    """One flat list and no object an event: this loop is a third of what ingest costs."""
    cells: list[Cell] = []
    for seq, event in enumerate(events, first_seq):
        body, phase = event.SerializeToString(), event.phase
        start_seq: int | None = seq
        if phase != _START:  # None when the device did not know its START
            start_seq = seq - event.start_back if event.HasField("start_back") else None
        crc = event_crc(key, seq, body)
        cells += (event.captured_delta_ms, event.rule, phase, start_seq, body, crc)
    return cells


def key_crc(device: str, epoch: int) -> int:
    """CRC-32 over the part of the key that a batch shares. epoch: signed."""
    return zlib.crc32(epoch.to_bytes(8, "big", signed=True) + device.encode())


def event_crc(key: int, seq: int, body: bytes) -> int:
    """CRC-32 over key and body, so that neither can change unseen."""
    return zlib.crc32(body, zlib.crc32(seq.to_bytes(8, "big"), key))
