"""The spool's promises on a healthy disk."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.spool.rows import PAGE_BYTES
from edge.spool.spool import Packed, Spool
from edge.wire import bounds
from edge.wire.v1 import event_pb2
from tests.edge.spool.scenes import CAPTURED_UTC_MS, body, dictionary, drain, fill, fixed_epoch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def append_one(spool: Spool) -> int:
    return spool.append(lambda seq: Packed(CAPTURED_UTC_MS, 2, [body(seq)]))[0]


def test_what_was_appended_is_read_in_order(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 100, per_batch=7)
        account = drain(spool)
    assert account.tracks == {seq: seq for seq in range(1, 101)}


def test_batches_pass_the_checks_of_the_collector(path: Path) -> None:
    with Spool(path, quota_bytes=128 * 1024) as spool:
        fill(spool, 3_000)
        problems = [
            problem for found in spool.read(0) for problem in bounds.check_batch(found.batch)
        ]
    assert problems == []


def test_seqs_go_on_after_a_restart_with_everything_acknowledged(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 10)
        epoch = spool.epoch
        spool.acknowledge(10)
    with Spool(path) as spool:
        assert spool.epoch == epoch
        assert spool.pending().last_seq == 10
        assert append_one(spool) == 11


def test_an_acknowledgement_inside_a_batch_hides_its_front(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 32)
        spool.acknowledge(20)
        assert set(drain(spool, 20).tracks) == set(range(21, 33))
        assert spool.pending().seqs == 12


def test_an_old_acknowledgement_changes_nothing(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 64)
        spool.acknowledge(40)
        spool.acknowledge(3)
        assert spool.pending().acked_seq == 40


def test_an_acknowledgement_beyond_the_last_seq_does_not_hide_what_comes_next(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 4)
        spool.acknowledge(1_000)
        assert append_one(spool) == 5
        assert set(drain(spool, 4).tracks) == {5}


def test_a_collector_that_went_back_is_led_over_what_it_had_acknowledged(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 64)
        spool.acknowledge(40)
        (first, *_) = spool.read(10)
        assert first.batch.follows_seq == 10
        assert first.batch.first_seq == 41


def test_two_openings_of_one_file_share_the_seqs(path: Path) -> None:
    with Spool(path) as eye, Spool(path) as link:
        seqs = [append_one(each) for each in (eye, link, eye, link)]
        assert seqs == [1, 2, 3, 4]
        link.acknowledge(4)
        assert append_one(eye) == 5


def test_every_new_spool_draws_another_epoch(tmp_path: Path) -> None:
    epochs = set()
    for number in range(4):
        with Spool(tmp_path / f"{number}.db") as spool:
            epochs.add(spool.epoch)
    assert len(epochs) == 4
    assert 0 not in epochs


def test_the_same_dictionary_keeps_its_number_over_a_restart(path: Path) -> None:
    with Spool(path) as spool:
        assert spool.declare(dictionary()) == 2
        assert spool.declare(dictionary()) == 2
    with Spool(path) as spool:
        assert spool.declare(dictionary()) == 2
        assert spool.declare(event_pb2.Dictionary(rules=dictionary().rules[:1])) == 3
        found = spool.dictionary(2)
        assert found is not None
        assert list(found.rules) == list(dictionary().rules)


def test_a_large_dictionary_comes_back_whole(path: Path) -> None:
    rules = [
        event_pb2.Rule(name=f"rule-{number}", function=event_pb2.FUNCTION_INTRUSION)
        for number in range(512)
    ]
    with Spool(path) as spool:
        number = spool.declare(event_pb2.Dictionary(rules=rules))
        found = spool.dictionary(number)
    assert found is not None
    assert len(found.rules) == 512


def test_dictionary_one_is_the_spools_own(path: Path) -> None:
    with Spool(path) as spool:
        own = spool.dictionary(1)
        assert own is not None
        assert bounds.check_dictionary(own) == []
        assert spool.dictionary(99) is None


def test_the_file_does_not_grow_when_everything_is_acknowledged(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 640)
        spool.acknowledge(640)
        spool.tidy()
        first_size = path.stat().st_size
        for round_number in range(1, 20):
            fill(spool, 640)
            spool.acknowledge(640 * (round_number + 1))
            spool.tidy()
        assert path.stat().st_size <= first_size + 12 * PAGE_BYTES


def test_the_log_stays_small_though_nobody_tidies(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 3_200, per_batch=1)
        log = path.with_name("spool.db-wal")
        assert log.stat().st_size <= 1024 * 1024


def test_sqlite_syncs_every_commit(path: Path) -> None:
    with Spool(path) as spool:
        rows = spool._file._rows
        assert rows is not None
        assert rows._run("PRAGMA synchronous") == [(3,)]
        assert rows._run("PRAGMA journal_mode") == [("wal",)]


def test_a_reader_in_the_middle_of_reading_does_not_stop_the_writer(path: Path) -> None:
    with Spool(path) as spool:
        fill(spool, 64)
        other = sqlite3.connect(path)
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM batch").fetchone()
        assert append_one(spool) == 65
        spool.tidy()
        other.close()


def test_another_process_waits_its_turn_and_loses_nothing(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edge.spool.spool import Spool;"
        "from tests.edge.spool.scenes import fill; fill(Spool(Path(sys.argv[1])), 200, per_batch=1)"
    )
    with Spool(path) as spool:
        children = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(2)]
        fill(spool, 200, per_batch=1)
        assert [child.wait() for child in children] == [0, 0]
        account = drain(spool)
    assert account.covered == set(range(1, 601))
    assert account.tracks == {seq: seq for seq in range(1, 601)}


def test_the_bytes_of_a_batch_row_are_the_agreed_ones(path: Path) -> None:
    with Spool(path, draw_epoch=fixed_epoch) as spool:
        spool.append(lambda _: Packed(CAPTURED_UTC_MS, 2, [b"\x10\x01\x18\x01"], 40))
        rows = spool._file._rows
        assert rows is not None
        (row,) = rows.after(0, 1)
    assert row.body.hex() == (
        "76674231efcdab896745230101000000000000000000000000000000006c50c4a0010000"
        "02000000290000000100000400458bfc4c810f1bfa10011801"
    )
