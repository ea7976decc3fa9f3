"""P2: a flipped bit is noticed or harmless, costs little, and its cost is named."""

import random
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.spool.database import StorageError
from edge.spool.dictionary import MARK_DICTIONARY
from edge.spool.record import MARK_BATCH
from edge.spool.rows import PAGE_BYTES
from edge.spool.spool import Packed, Spool
from edge.spool.verify import verify
from edge.wire.v1 import event_pb2
from tests.edge.spool.scenes import (
    CAPTURED_UTC_MS,
    body,
    dictionary,
    drain,
    files_of,
    fill,
    fixed_epoch,
)
from tests.fakes.clock import FakeClock

EVENTS = 640
CI_FLIPS = 2_000
SOAK_FLIPS = 20_000


@dataclass(frozen=True, slots=True)
class Toll:
    """What the flips of one kind of file cost."""

    flips: int
    lost_events: int
    most_lost_by_one: int
    rebuilt: int


def test_a_flipped_bit_in_a_clean_file_is_named_and_costs_two_events_at_most(
    quick_path: Path,
) -> None:
    toll = flip(quick_path, CI_FLIPS // 2, is_clean=True)
    assert toll.lost_events <= 2 * toll.flips


def test_a_flipped_bit_in_a_file_with_its_log_is_named(quick_path: Path) -> None:
    toll = flip(quick_path, CI_FLIPS // 2, is_clean=False)
    assert toll.lost_events <= 2 * toll.flips


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("is_clean", [True, False])
def test_twenty_thousand_flips_are_named(quick_path: Path, *, is_clean: bool) -> None:
    toll = flip(quick_path, SOAK_FLIPS // 2, is_clean=is_clean)
    print(toll)
    assert toll.lost_events <= 2 * toll.flips


def flip(folder: Path, flips: int, *, is_clean: bool) -> Toll:
    """Flip one random bit of a full spool at a time, and account for every event."""
    source = folder / "source"
    source.mkdir()
    spool = Spool(source / "spool.db", draw_epoch=fixed_epoch)
    fill(spool, EVENTS)
    if is_clean:
        spool.close()
    content = {each.name: each.read_bytes() for each in files_of(source / "spool.db")}
    places = [(name, at) for name, each in content.items() for at in range(len(each))]
    rng = random.Random(7)
    lost: list[int] = []
    rebuilt = 0
    for number in range(flips):
        name, at = rng.choice(places)
        damaged = bytearray(content[name])
        damaged[at] ^= 1 << rng.randrange(8)
        victim = folder / f"flip-{number}"
        victim.mkdir()
        for each, whole in content.items():
            (victim / each).write_bytes(bytes(damaged) if each == name else whole)
        cost, was_rebuilt = account_for(victim / "spool.db", f"{name} at byte {at}")
        shutil.rmtree(victim)
        lost.append(cost)
        rebuilt += was_rebuilt
    return Toll(flips, sum(lost), max(lost), rebuilt)


def account_for(path: Path, where: str) -> tuple[int, bool]:
    """How many events are missing, each of them named; and whether the file was replaced."""
    with Spool(path) as spool:
        account = drain(spool)
        assert all(seq == track for seq, track in account.tracks.items()), where
        assert set(range(1, EVENTS + 1)) <= account.covered, where
        assert spool.dictionary(2) is not None, where
        seqs = spool.append(lambda seq: Packed(CAPTURED_UTC_MS, 2, [body(seq)]))
        assert seqs[0] > EVENTS, where
        spool.acknowledge(seqs[-1])
        # Damage found only now adds a notice of its own.
        spool.acknowledge(spool.pending().last_seq)
        assert not spool.pending().seqs, where
        return EVENTS - len(account.tracks), bool(spool.repairs)


def test_an_unreadable_file_is_set_aside_under_a_dated_name_and_a_new_epoch_begins(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"no spool at all " * 1_000)
    clock = FakeClock()
    with Spool(path, clock=clock, draw_epoch=fixed_epoch) as spool:
        (repair,) = spool.repairs
        assert repair.has_new_epoch
        assert repair.set_aside == tmp_path / "spool.db.damaged-20260921T141320Z"
        assert repair.set_aside.read_bytes().startswith(b"no spool")
        assert drain(spool).notices == {1: "spool_lost"}


def test_no_bit_of_the_first_page_hides_the_rest(quick_path: Path) -> None:
    """The schema stands there: a table whose beginning is wrong looks empty, not broken."""
    path = quick_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, EVENTS)
    whole = path.read_bytes()
    places = [*range(100), *range(PAGE_BYTES - 400, PAGE_BYTES)]
    for at in places:
        for stale in quick_path.iterdir():
            stale.unlink()
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        cost, _ = account_for(path, f"byte {at}")
        assert cost == 0


def test_no_bit_of_an_inner_page_leads_a_reader_round_for_ever(quick_path: Path) -> None:
    """A pointer there may lead back to rows that were read already."""
    path = quick_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, EVENTS)
    whole = path.read_bytes()
    inner_page = b"\x05"
    (start,) = (at for at in range(0, len(whole), PAGE_BYTES) if whole[at : at + 1] == inner_page)
    for bit in range(40 * 8):
        for stale in quick_path.iterdir():
            stale.unlink()
        damaged = bytearray(whole)
        damaged[start + bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        cost, _ = account_for(path, f"bit {bit}")
        assert cost == 0


def test_no_bit_of_the_newest_rows_head_in_the_log_hides_that_row(quick_path: Path) -> None:
    """SQLite drops that commit, and nothing behind it tells that it was there."""
    source = quick_path / "source"
    source.mkdir()
    with Spool(source / "spool.db", draw_epoch=fixed_epoch) as spool:
        fill(spool, EVENTS)
        content = {each.name: each.read_bytes() for each in files_of(source / "spool.db")}
    start = content["spool.db-wal"].rindex(MARK_BATCH)
    for bit in (*range(32), *range(32, 48 * 8, 11)):
        victim = quick_path / f"flip-{bit}"
        victim.mkdir()
        damaged = bytearray(content["spool.db-wal"])
        damaged[start + bit // 8] ^= 1 << bit % 8
        (victim / "spool.db").write_bytes(content["spool.db"])
        (victim / "spool.db-wal").write_bytes(damaged)
        cost, _ = account_for(victim / "spool.db", f"bit {bit}")
        assert cost == 0
        shutil.rmtree(victim)


def test_a_file_cut_short_gives_back_what_is_left_of_it(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, EVENTS)
        epoch = spool.epoch
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with Spool(path) as spool:
        account = drain(spool)
        assert spool.epoch == epoch
        assert len(account.tracks) > EVENTS // 3
        assert "spool_rebuilt" in account.notices.values()


def test_damage_while_the_file_is_open_is_repaired_by_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with Spool(path) as writer:
        fill(writer, EVENTS)
    with Spool(path) as reader:
        intruder = sqlite3.connect(path)
        (first,) = intruder.execute("SELECT max(last_seq) + 1 FROM batch WHERE last_seq < 64")
        intruder.execute("DELETE FROM batch WHERE last_seq = 64")
        intruder.commit()
        intruder.close()
        account = drain(reader)
        assert account.damaged == set(range(first[0], 65))
        assert account.covered == set(range(1, EVENTS + 2))
        assert len(reader.repairs) == 1


def test_the_other_process_goes_on_in_the_rebuilt_file(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with Spool(path) as writer, Spool(path) as reader:
        fill(writer, 64)
        reader._file.repair()
        assert reader.repairs
        seqs = writer.append(lambda seq: Packed(CAPTURED_UTC_MS, 2, [body(seq)]))
        account = drain(reader)
        assert seqs[0] == 66
        assert set(account.tracks) == {*range(1, 65), 66}
        assert account.notices == {65: "spool_rebuilt"}


def test_an_exchange_of_files_cut_in_the_middle_is_finished_by_the_next_to_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, 64)
        epoch = spool.epoch
    # The moment between setting the damaged file aside and putting the new one there.
    path.rename(tmp_path / "spool.db.rebuilt")
    with Spool(path) as spool:
        assert spool.epoch == epoch
        assert len(drain(spool).tracks) == 64


def test_at_most_two_damaged_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    for _ in range(4):
        path.write_bytes(b"no spool at all " * 1_000)
        Spool(path, clock=FakeClock()).close()
    assert len(list(tmp_path.glob("spool.db.damaged-*"))) == 2


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refused:
        Spool(tmp_path / "absent" / "spool.db")
    assert refused.value.kind == Kind.UNAVAILABLE


def test_a_dictionary_outlives_the_loss_of_either_copy(quick_path: Path) -> None:
    path = quick_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, 40)
    for damage in (
        "UPDATE dictionary SET body = zeroblob(length(body))",
        "UPDATE batch SET body = zeroblob(length(body)) WHERE last_seq < -1",
        "DELETE FROM dictionary",
        "DELETE FROM batch WHERE last_seq < -1",
    ):
        damage_by_sql(path, damage)
        with Spool(path) as spool:
            assert spool.dictionary(2) == numbered(dictionary(), 2)
            # The eye's next declaration mends the lost copy under the same number.
            assert spool.declare(dictionary()) == 2
            assert not spool.repairs


def test_a_dictionary_whose_rows_sqlite_hides_is_found_in_the_raw_file(quick_path: Path) -> None:
    path = quick_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, 40)
    damage_by_sql(path, "UPDATE dictionary SET place = place + 5000000")
    damage_by_sql(path, "DELETE FROM batch WHERE last_seq < -1")
    with Spool(path) as spool:
        assert spool.dictionary(2) == numbered(dictionary(), 2)
        assert drain(spool).notices == {41: "spool_rebuilt"}


def test_rules_that_are_lost_for_good_are_told_once(quick_path: Path) -> None:
    path = quick_path / "spool.db"
    with Spool(path) as spool:
        fill(spool, 40)
    wipe_dictionaries(path)
    with Spool(path) as spool:
        assert spool.dictionary(2) is None
        assert drain(spool).notices == {41: "spool_rebuilt", 42: "rules_lost"}
        (notice,) = (each for each in spool.read(40) if each.batch.dictionary == 1)
        assert notice.batch.events[1].measured == 40
    with Spool(path) as spool:
        assert spool.dictionary(2) is None
        assert not spool.repairs
        assert spool.declare(dictionary()) == 3
        assert spool.pending().last_seq == 42
    findings = {(each.what, each.first_seq, each.last_seq) for each in verify(path).findings}
    assert findings == {
        ("the rules of these events are lost", 1, 32),
        ("the rules of these events are lost", 33, 40),
    }


def numbered(found: event_pb2.Dictionary, number: int) -> event_pb2.Dictionary:
    found.number = number
    return found


def damage_by_sql(path: Path, statement: str) -> None:
    intruder = sqlite3.connect(path)
    intruder.execute(statement)
    intruder.commit()
    intruder.close()


def wipe_dictionaries(path: Path) -> None:
    """Overwrite every copy, wherever in the file it lies."""
    content = path.read_bytes()
    path.write_bytes(content.replace(MARK_DICTIONARY, b"\x00" * len(MARK_DICTIONARY)))
