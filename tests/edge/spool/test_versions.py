"""A pole goes back to older software: what it finds of a newer one is kept, and nothing is lost."""

import sqlite3
from pathlib import Path

import pytest

from edge.spool.rows import FORMAT_VERSION
from edge.spool.spool import Packed, Spool
from tests.edge.spool.scenes import body, dictionary


def fill(path: Path, count: int) -> None:
    with Spool(path) as spool:
        number = spool.declare(dictionary())
        for _ in range(count):
            spool.append(lambda seq: Packed(1_790_000_000_000 + seq, number, [body(seq)]))


@pytest.mark.parametrize("change", ["version", "table"])
def test_a_spool_of_newer_software_is_set_aside_whole_and_its_events_go_on(
    tmp_path: Path, change: str
) -> None:
    path = tmp_path / "spool.db"
    fill(path, 5)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
        if change == "table":
            connection.execute("CREATE TABLE newer (word TEXT)")
    connection.close()
    with Spool(path) as spool:
        (repair,) = spool.repairs
        assert (repair.recovered_events, repair.missing_events) == (5, 0)
        assert not repair.has_new_epoch
        found = [event for pending in spool.read(0) for event in pending.batch.events]
    assert [event.track for event in found[:5]] == [1, 2, 3, 4, 5]
    assert [event.reason for event in found[5:]] == ["spool_rebuilt"]
    assert repair.set_aside is not None
    with sqlite3.connect(repair.set_aside) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION + 1,)
    kept.close()
