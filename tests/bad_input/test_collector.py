"""What can stand in a collector's way when it starts: one line each, with the exact words."""

import asyncio
import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.core import DATABASE, own_directory
from collector.listeners import Address
from collector.run import Plan, run
from edge.clock import Clock, SystemClock
from edge.errors import VigieError
from tests.fakes.clock import FakeClock

ANYWHERE = Address("127.0.0.1", 0)
OTHER_PORT = "or give another port with --listen, --enrolment or --page."


@dataclass
class Setting:
    """A data directory, a port that is held, and what was opened on the way."""

    data: Path
    held: Address
    opened: ExitStack

    def database(self) -> Path:
        self.data.mkdir(parents=True)
        return self.data / DATABASE


def plan(
    setting: Setting,
    sessions: Address = ANYWHERE,
    enrolment: Address = ANYWHERE,
    page: Address = ANYWHERE,
) -> Plan:
    return Plan(setting.data, sessions, enrolment, page)


def held_sessions(setting: Setting) -> Plan:
    return plan(setting, sessions=setting.held)


def held_enrolment(setting: Setting) -> Plan:
    return plan(setting, enrolment=setting.held)


def held_page(setting: Setting) -> Plan:
    return plan(setting, page=setting.held)


def foreign_address(setting: Setting) -> Plan:
    return plan(setting, sessions=Address("192.0.2.1", 7443))


def a_file_for_a_directory(setting: Setting) -> Plan:
    setting.data.write_text("not a directory")
    return plan(setting)


def a_second_collector(setting: Setting) -> Plan:
    setting.opened.enter_context(own_directory(setting.data))
    return plan(setting)


def no_database(setting: Setting) -> Plan:
    setting.database().write_bytes(b"this is no database, " * 300)
    return plan(setting)


def a_torn_database(setting: Setting) -> Plan:
    path = setting.database()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 900,)] * 100)
        connection.execute("PRAGMA user_version=1")
    connection.close()
    content = bytearray(path.read_bytes())
    content[8192:20480] = os.urandom(12288)
    path.write_bytes(content)
    return plan(setting)


def database_of_version(setting: Setting, version: int) -> Plan:
    with sqlite3.connect(setting.database()) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY)")
        connection.execute(f"PRAGMA user_version={version}")
    connection.close()
    return plan(setting)


def a_newer_database(setting: Setting) -> Plan:
    return database_of_version(setting, 9)


def an_older_database(setting: Setting) -> Plan:
    return database_of_version(setting, 2)


def another_program_s_database(setting: Setting) -> Plan:
    return database_of_version(setting, 0)


def a_lost_authority(setting: Setting) -> Plan:
    asyncio.run(start(plan(setting, page=Address("192.0.2.1", 1)), SystemClock(), quiet=True))
    (setting.data / "authority" / "key.pem").unlink()
    return plan(setting)


TABLE: dict[str, tuple[Callable[[Setting], Plan], str]] = {
    "the sessions' port is in use": (
        held_sessions,
        "cannot listen on {held}: the port is in use\n"
        "  Stop what listens there ('ss -ltnp sport = :{port}'), " + OTHER_PORT,
    ),
    "the enrolment's port is in use": (
        held_enrolment,
        "cannot listen on {held}: the port is in use\n"
        "  Stop what listens there ('ss -ltnp sport = :{port}'), " + OTHER_PORT,
    ),
    "the page's port is in use": (
        held_page,
        "cannot listen on {held}: the port is in use\n"
        "  Stop what listens there ('ss -ltnp sport = :{port}'), " + OTHER_PORT,
    ),
    "an address of another machine": (
        foreign_address,
        (
            "cannot listen on 192.0.2.1:7443: cannot assign requested address\n"
            "  Give an address of this machine and a port above 1023."
        ),
    ),
    "the data directory is a file": (
        a_file_for_a_directory,
        (
            "{data}: the data directory cannot be written (File exists)\n"
            "  Give a directory that this user owns with --data DIR."
        ),
    ),
    "another collector uses the directory": (
        a_second_collector,
        (
            "{data}: another collector uses this data directory\n"
            "  Stop it first, or give another directory with --data DIR."
        ),
    ),
    "the database is no database": (
        no_database,
        (
            "{data}/collector.db: the database is damaged: file is not a database\n"
            "  Stop the collector, keep the file aside, and restore the newest copy of it."
        ),
    ),
    "the database is of a newer release": (
        a_newer_database,
        (
            "{data}/collector.db: the database has schema version 9, this collector knows 4\n"
            "  Run the version of vigie that wrote it, or give another --data directory."
        ),
    ),
    "the database is of an older release": (
        an_older_database,
        (
            "{data}/collector.db: the database has schema version 2, this collector knows 4\n"
            "  Run the version of vigie that wrote it, or give another --data directory."
        ),
    ),
    "the database is of another program": (
        another_program_s_database,
        (
            "{data}/collector.db: the database has no schema version, this collector knows 4\n"
            "  Another program made this file: give another --data directory."
        ),
    ),
    "the authority's key is gone": (
        a_lost_authority,
        (
            "{data}/authority/key.pem: the authority's key is missing or damaged\n"
            "  Restore it from its copy; without it every device must be enrolled again."
        ),
    ),
}


async def start(wanted: Plan, clock: Clock, *, quiet: bool = False) -> str:
    """Try to start; the error as a person reads it."""
    async with asyncio.timeout(60):
        with pytest.raises(VigieError) as refused:
            await run(wanted, clock, lambda _: None)
    return "" if quiet else str(refused.value)


@pytest.fixture
def setting(tmp_path: Path) -> "Setting":
    opened = ExitStack()
    listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
    held = Address("127.0.0.1", listener.getsockname()[1])
    return Setting(tmp_path / "collector", held, opened)


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE.keys())
def test_a_collector_that_cannot_start_says_why(
    setting: Setting, case: tuple[Callable[[Setting], Plan], str]
) -> None:
    prepare, message = case
    with setting.opened:
        wanted = prepare(setting)
        said = asyncio.run(start(wanted, SystemClock()))
    assert said == message.format(held=setting.held, port=setting.held.port, data=setting.data)


def test_a_torn_database_is_noticed_before_anything_listens(setting: Setting) -> None:
    with setting.opened:
        said = asyncio.run(start(a_torn_database(setting), SystemClock()))
    place, _, rest = said.partition(": ")
    assert place == f"{setting.data}/collector.db"
    assert rest.startswith("the database is damaged: ")
    assert rest.endswith(
        "\n  Stop the collector, keep the file aside, and restore the newest copy of it."
    )


def test_a_clock_at_1970_stops_the_collector(setting: Setting) -> None:
    with setting.opened:
        said = asyncio.run(start(plan(setting), FakeClock(utc_ns=0)))
    assert said == (
        "the clock says 1970-01-01 00:00 UTC, which is before this software was made; "
        "certificates would be wrong\n"
        "  Set the clock (timedatectl), then start the collector again."
    )
    assert not setting.data.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_a_directory_of_somebody_else_is_said(setting: Setting) -> None:
    setting.data.mkdir(mode=0o500)
    with setting.opened:
        said = asyncio.run(start(plan(setting), SystemClock()))
    assert said == (
        f"{setting.data}: the data directory cannot be written (Permission denied)\n"
        "  Give a directory that this user owns with --data DIR."
    )


@pytest.mark.parametrize("text", ["7443", "localhost", ":7443", "host:port", "host:70000", ""])
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(VigieError) as refused:
        Address.parse(text)
    assert str(refused.value) == (
        f"'{text}' is no address to listen on\n  Write it as HOST:PORT, such as 127.0.0.1:7443."
    )
