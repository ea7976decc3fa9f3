"""P5: storage is bounded, and events plus what gaps name are what was produced."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.spool.spool import Packed, Spool
from edge.wire.v1 import event_pb2
from tests.edge.spool.scenes import (
    CAPTURED_UTC_MS,
    INTRUSION,
    LOITERING,
    Account,
    body,
    dictionary,
    drain,
    take,
)

QUOTA_BYTES = 128 * 1024
START, UPDATE, END = event_pb2.PHASE_START, event_pb2.PHASE_UPDATE, event_pb2.PHASE_END

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("append"),
            st.lists(
                st.tuples(st.sampled_from([START, UPDATE, END]), st.sampled_from([1, 2])),
                min_size=1,
                max_size=32,
            ),
        ),
        st.tuples(st.just("burst"), st.integers(10, 150)),
        st.tuples(st.just("read"), st.integers(1, 8)),
        st.tuples(st.just("acknowledge"), st.integers(0, 100)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    min_size=5,
    max_size=40,
)


def append(spool: Spool, events: list[tuple[event_pb2.Phase.ValueType, int]]) -> int:
    number = spool.declare(dictionary())
    seqs = spool.append(
        lambda first_seq: Packed(
            CAPTURED_UTC_MS,
            number,
            [body(seq, *event) for seq, event in enumerate(events, first_seq)],
        )
    )
    return len(seqs)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_events_and_gaps_are_what_was_produced(life: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spool.db"
        spool = Spool(path, quota_bytes=QUOTA_BYTES)
        account = Account()
        produced = 0
        for step, what in life:
            if step == "append":
                produced += append(spool, what)  # type: ignore[arg-type]
            elif step == "burst":
                for turn in range(int(str(what))):
                    produced += append(spool, [(UPDATE if turn % 3 else START, 1 + turn % 2)] * 32)
            elif step == "read":
                take(account, spool.read(account.last_seq, max_batches=int(str(what))))
            elif step == "acknowledge":
                spool.acknowledge(account.last_seq * int(str(what)) // 100)
            else:
                spool.close()
                spool = Spool(path, quota_bytes=QUOTA_BYTES)
            assert spool.pending().used_bytes <= QUOTA_BYTES
        while found := spool.read(account.last_seq):
            take(account, found)
        spool.close()
        assert not account.damaged
        assert set(account.tracks).isdisjoint(account.missing)
        assert len(account.tracks) + len(account.missing) == produced
        assert all(seq == track for seq, track in account.tracks.items())


def test_the_file_and_its_log_stay_below_the_quota_over_thirty_days_offline(
    tmp_path: Path,
) -> None:
    """Scaled: 30 days at a pole's rate are 100 times what this quota holds."""
    path = tmp_path / "spool.db"
    with Spool(path, quota_bytes=QUOTA_BYTES) as spool:
        produced = sum(
            append(spool, [(START, INTRUSION), *[(UPDATE, LOITERING)] * 31]) for _ in range(3_000)
        )
        files = sum(each.stat().st_size for each in tmp_path.iterdir() if each.is_file())
        account = drain(spool)
    assert files <= QUOTA_BYTES + 1024 * 1024
    assert len(account.tracks) + len(account.missing) == produced


def mixed(spool: Spool, turns: int) -> dict[int, tuple[int, int]]:
    """Append batches of every kind of event; the kind by seq."""
    kinds: dict[int, tuple[int, int]] = {}
    events = [(START, INTRUSION), (START, LOITERING), (END, INTRUSION)]
    events += [(UPDATE, INTRUSION)] * 29
    for _ in range(turns):
        kinds.update(enumerate(events, spool.pending().last_seq + 1))
        append(spool, events)
    return kinds


def test_the_oldest_updates_go_first(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db", quota_bytes=QUOTA_BYTES) as spool:
        kinds = mixed(spool, 150)
        account = drain(spool)
        assert spool.dropped_events == len(account.missing)
    assert {kinds[seq] for seq in account.missing} == {(UPDATE, INTRUSION)}
    left = [seq for seq in account.tracks if kinds[seq] == (UPDATE, INTRUSION)]
    assert max(account.missing) < min(left)


def test_starts_of_law_go_last(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db", quota_bytes=QUOTA_BYTES) as spool:
        kinds = mixed(spool, 400)
        account = drain(spool)
    dropped = {kinds[seq] for seq in account.missing}
    assert (END, INTRUSION) in dropped
    assert (START, LOITERING) in dropped
    assert (START, INTRUSION) not in dropped


def test_dropped_stretches_join_so_that_the_account_stays_small(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db", quota_bytes=QUOTA_BYTES) as spool:
        for _ in range(2_000):
            append(spool, [(UPDATE, LOITERING)] * 32)
        (first, *_) = spool.read(0)
        assert first.batch.events[0].gap.first_seq == 1
        assert first.batch.events[0].gap.missing > 50_000


def test_a_gap_that_was_partly_delivered_names_only_the_rest(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db", quota_bytes=QUOTA_BYTES) as spool:
        account = Account()
        append(spool, [(UPDATE, LOITERING)] * 32)
        take(account, spool.read(0))
        for _ in range(500):
            append(spool, [(UPDATE, LOITERING)] * 32)
        while found := spool.read(account.last_seq):
            take(account, found)
        assert len(account.tracks) + len(account.missing) == 501 * 32
        assert min(account.missing) == 33
