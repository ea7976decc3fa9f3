"""The chained log: written before the act, and every change to it is found."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from collector.audit import Act, AuditLine, append, verify
from collector.auditing import read_audited, verify_directory
from collector.core import DATABASE
from collector.reader import SqliteReader
from collector.schema import open_writer
from edge.clock import SystemClock
from edge.errors import Kind, VigieError
from edge.wire.v1 import operator_pb2
from tests.collector.conftest import SECONDS, Running, run_collector

LINES = 5
TAMPERED: dict[str, tuple[str, str]] = {
    "a changed name": (
        "UPDATE audit SET who = 'operator:nobody' WHERE line = 3",
        "line 3 was changed, or the line before it was",
    ),
    "a changed time": (
        "UPDATE audit SET utc_ms = utc_ms + 1 WHERE line = 1",
        "line 1 was changed, or the line before it was",
    ),
    "a removed line": ("DELETE FROM audit WHERE line = 2", "line 2 is missing"),
    "a removed first line": ("DELETE FROM audit WHERE line = 1", "line 1 is missing"),
    "two lines in the wrong order": (
        (
            "UPDATE audit SET line = CASE line WHEN 3 THEN -4 ELSE -3 END WHERE line IN (3, 4);"
            "UPDATE audit SET line = -line WHERE line < 0"
        ),
        "line 3 was changed, or the line before it was",
    ),
    "a line whose words moved from one field to the next": (
        "UPDATE audit SET thing = thing || detail, detail = '' WHERE line = 2".replace(
            "thing", "object"
        ),
        "line 2 was changed, or the line before it was",
    ),
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with closing(open_writer(tmp_path / DATABASE)) as connection:
        for number in range(1, LINES + 1):
            append(connection, number, Act("operator:local", "read event", str(number), "x"))
    return tmp_path


def test_a_whole_chain_is_counted_and_has_a_head(directory: Path) -> None:
    lines, head = verify_directory(directory)
    assert lines == LINES
    assert len(head) == 32


@pytest.mark.parametrize("case", TAMPERED.values(), ids=TAMPERED.keys())
def test_the_first_wrong_line_is_named(directory: Path, case: tuple[str, str]) -> None:
    tampering, what = case
    with closing(sqlite3.connect(directory / DATABASE)) as connection:
        for name in ("audit_stays", "audit_is_kept"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(tampering)
        connection.commit()
    with pytest.raises(VigieError) as found:
        verify_directory(directory)
    assert found.value.kind is Kind.DATA_LOSS
    assert found.value.what == f"the audit's chain is broken: {what}"


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit", "DELETE FROM audit WHERE 1=0"]
)
def test_the_database_itself_refuses_to_change_a_line(directory: Path, statement: str) -> None:
    with closing(sqlite3.connect(directory / DATABASE)) as connection:
        if "1=0" in statement:
            connection.execute(statement)
        else:
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(statement)


def test_reading_the_log_is_written_to_it_first(directory: Path) -> None:
    lines = read_audited(directory, SystemClock(), LINES, 10)
    assert [(line.line, line.action) for line in lines] == [(LINES + 1, "read audit")]
    assert verify_directory(directory)[0] == LINES + 1


def test_lines_cut_off_the_end_change_the_head(directory: Path) -> None:
    _, before = verify_directory(directory)
    with closing(sqlite3.connect(directory / DATABASE)) as connection:
        connection.execute("DROP TRIGGER audit_is_kept")
        connection.execute("DELETE FROM audit WHERE line = ?", (LINES,))
        connection.commit()
    assert verify_directory(directory) != (LINES, before)


async def audited(collector: Running) -> list[AuditLine]:
    return await collector.core.services.audit.list_lines(limit=1000)


async def test_every_call_of_an_operator_leaves_its_line(collector: Running) -> None:
    operator = collector.operator
    before = len(await audited(collector))
    await operator.ListEvents(operator_pb2.ListEventsRequest())
    await operator.ListDevices(operator_pb2.ListDevicesRequest())
    await operator.InviteDevice(operator_pb2.InviteDeviceRequest(device="north-gate"))
    await operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north-gate", reason="stolen")
    )
    tail = operator.TailEvents(operator_pb2.TailEventsRequest(after_number=4))
    async with asyncio.timeout(SECONDS):
        await tail.initial_metadata()
    lines = (await audited(collector))[before:]
    tail.cancel()
    assert [(line.who, line.action, line.thing, line.detail) for line in lines] == [
        ("operator:local", "list events", "", "after 0, 100"),
        ("operator:local", "list devices", "", ""),
        ("operator:local", "invite device", "north-gate", "86400 s"),
        ("operator:local", "revoke device", "north-gate", "stolen"),
        ("operator:local", "tail events", "", "after 4"),
    ]
    reader = SqliteReader(collector.data / DATABASE)
    assert (await reader.read(verify))[0] == before + 5
    reader.close()


class LookingReader(SqliteReader):
    """Looks at the audit on the disk before it reads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._database = path
        self.seen: list[str] = []

    async def read_event(
        self, number: int, *, of_calibration: bool = False
    ) -> operator_pb2.StoredEvent | None:
        with closing(sqlite3.connect(self._database)) as other:
            last = other.execute("SELECT action, object FROM audit ORDER BY line DESC LIMIT 1")
            self.seen.extend(" ".join(row) for row in last)
        return await super().read_event(number, of_calibration=of_calibration)


async def test_the_line_is_on_disk_before_the_read_begins(tmp_path: Path) -> None:
    with closing(LookingReader(tmp_path / DATABASE)) as reader:
        async with run_collector(
            tmp_path, lambda core: replace(core, services=replace(core.services, reader=reader))
        ) as collector:
            call = collector.operator.GetEvent(operator_pb2.GetEventRequest(number=41))
            assert (await call.code()).name == "NOT_FOUND"
        assert reader.seen == ["read event 41"]


def test_a_database_of_another_version_is_neither_read_nor_written(directory: Path) -> None:
    path = directory / DATABASE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=2")
    before = path.read_bytes()
    refusal = "the database has schema version 2, this collector knows 4"
    with pytest.raises(VigieError, match=refusal):
        verify_directory(directory)
    with pytest.raises(VigieError, match=refusal):
        read_audited(directory, SystemClock(), 0, 10)
    assert path.read_bytes() == before
