"""Small spools with known content, for the tests of this room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.spool.reading import PendingBatch
from edge.spool.spool import Packed, Spool
from edge.wire.v1 import event_pb2

CAPTURED_UTC_MS = 1_790_000_000_000
EPOCH = 0x0123456789ABCDEF
INTRUSION, LOITERING = 1, 2


def dictionary() -> event_pb2.Dictionary:
    """One rule of the law and one of the city."""
    return event_pb2.Dictionary(
        rules=[
            event_pb2.Rule(name="yard", function=event_pb2.FUNCTION_INTRUSION, camera="north"),
            event_pb2.Rule(name="bench", function=event_pb2.FUNCTION_LOITERING, camera="north"),
        ],
        model="ssd-coco15",
    )


def body(
    seq: int,
    phase: event_pb2.Phase.ValueType = event_pb2.PHASE_START,
    rule: int = INTRUSION,
) -> bytes:
    """An event that tells which one it is."""
    event = event_pb2.Event(
        captured_delta_ms=seq,
        rule=rule,
        phase=phase,
        object_class=event_pb2.OBJECT_CLASS_PERSON,
        box=0x1000_2000_3000_4000 + seq,
        track=seq,
        score_percent=80,
        duration_ms=1_000,
        trace=b"\x01\x02\x03\x04\x05\x06\x07\x08",
    )
    return event.SerializeToString()


def fill(spool: Spool, events: int, *, per_batch: int = 32) -> None:
    """Append that many events, each with its seq as its track."""
    number = spool.declare(dictionary())
    left = events
    while left:
        size = min(left, per_batch)
        spool.append(
            lambda first_seq, size=size: Packed(  # type: ignore[misc]
                CAPTURED_UTC_MS,
                number,
                [body(seq) for seq in range(first_seq, first_seq + size)],
            )
        )
        left -= size


def fixed_epoch() -> int:
    """The epoch of a spool whose bytes must be known."""
    return EPOCH


@dataclass(slots=True)
class Account:
    """What came out of a spool: events by seq; seqs that gaps name, for damage also apart."""

    tracks: dict[int, int] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    damaged: set[int] = field(default_factory=set)
    notices: dict[int, str] = field(default_factory=dict)
    last_seq: int = 0

    @property
    def covered(self) -> set[int]:
        """All seqs that came out one way or the other."""
        return set(self.tracks) | self.missing | set(self.notices)


def drain(spool: Spool, after_seq: int = 0) -> Account:
    """Read everything after a seq and check, as a collector would, that it joins up."""
    account = Account(last_seq=after_seq)
    while found := spool.read(account.last_seq):
        take(account, found)
    return account


def take(account: Account, batches: Sequence[PendingBatch]) -> None:
    """Add batches to an account; each must follow on the one before."""
    for pending in batches:
        batch = pending.batch
        follows = batch.follows_seq if batch.HasField("follows_seq") else batch.first_seq - 1
        assert follows == account.last_seq
        for seq, event in enumerate(batch.events, batch.first_seq):
            if event.HasField("gap"):
                named = range(event.gap.first_seq, event.gap.last_seq + 1)
                assert event.gap.missing == len(named)
                assert named[0] == account.last_seq + 1
                assert named[-1] == seq == pending.last_seq
                account.missing.update(named)
                if event.gap.reason == event_pb2.GAP_REASON_DAMAGE:
                    account.damaged.update(named)
            elif batch.dictionary == 1:
                account.notices[seq] = event.reason
            else:
                account.tracks[seq] = event.track
        account.last_seq = pending.last_seq


def files_of(path: Path) -> Iterator[Path]:
    """The spool's file and its log, those that are there."""
    for each in (path, path.with_name(path.name + "-wal")):
        if each.exists():
            yield each
