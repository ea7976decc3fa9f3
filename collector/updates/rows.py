"""Rollouts, their poles and their bundles as rows of the store."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from collector.updates.bundles import Bundle
from collector.updates.rollout import Member, Plan
from collector.updates.states import UNDER_WAY, State
from edge.errors import Kind, VigieError
from edge.mandate.window import Window
from edge.wire.v1 import rollout_pb2, update_pb2

RUNNING = rollout_pb2.ROLLOUT_STATE_RUNNING
HALTED = rollout_pb2.ROLLOUT_STATE_HALTED
FINISHED = rollout_pb2.ROLLOUT_STATE_FINISHED
_MEMBER = (
    "device, wave, zone, state, changed_utc_ms, offers, refusal, message, received_bytes, "
    "is_forgiven"
)
_ROLLOUT = (
    "SELECT number, sha256, size_bytes, version, board, state, message, who, started_utc_ms, "
    "changed_utc_ms, hours, at_most, failures_percent FROM rollouts JOIN bundles USING (sha256)"
)

_MemberRow = tuple[str, int, str, int, int, int, update_pb2.UpdateRefusal.ValueType, str, int, int]
_RolloutRow = tuple[
    int, bytes, int, str, str, rollout_pb2.RolloutState.ValueType, str, str, int, int, str, int, int
]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One bundle on its way to poles; the poles stand in rows of their own.

    number: from 1. message: why it stands, empty while it does not. who: as the audit writes
    people. Times in UTC ms.
    """

    number: int
    bundle: Bundle
    state: rollout_pb2.RolloutState.ValueType
    message: str
    who: str
    started_utc_ms: int
    changed_utc_ms: int
    plan: Plan


def find_bundle(connection: sqlite3.Connection, sha256: bytes) -> tuple[Bundle, bool] | None:
    """A bundle and whether it is whole; None: it was never announced."""
    row = connection.execute(
        "SELECT sha256, size_bytes, version, board, is_whole FROM bundles WHERE sha256 = ?",
        (sha256,),
    ).fetchone()
    return (Bundle(*tuple(row)[:4]), bool(row[4])) if row else None


def keep_bundle(
    connection: sqlite3.Connection, bundle: Bundle, now_ms: int, *, is_whole: bool
) -> None:
    """Remember an announcement; what the build says of the same bytes may be said again."""
    connection.execute(
        "INSERT INTO bundles VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
        "size_bytes = excluded.size_bytes, version = excluded.version, board = excluded.board, "
        "offered_utc_ms = excluded.offered_utc_ms, is_whole = excluded.is_whole",
        (*bundle, now_ms, is_whole),
    )


def mark_whole(connection: sqlite3.Connection, sha256: bytes, *, is_whole: bool) -> None:
    """Whether a bundle's file is here, complete and checked."""
    connection.execute("UPDATE bundles SET is_whole = ? WHERE sha256 = ?", (is_whole, sha256))


def insert(connection: sqlite3.Connection, rollout: Rollout, members: Iterable[Member]) -> Rollout:
    """Keep a new rollout; with its number."""
    hours = rollout.plan.hours
    made = connection.execute(
        "INSERT INTO rollouts (sha256, state, message, who, started_utc_ms, changed_utc_ms, hours, "
        "at_most, failures_percent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            rollout.bundle.sha256,
            rollout.state,
            rollout.message,
            rollout.who,
            rollout.started_utc_ms,
            rollout.changed_utc_ms,
            json.dumps([hours.weekdays, hours.starts_minute, hours.ends_minute]),
            rollout.plan.at_most,
            rollout.plan.failures_percent,
        ),
    )
    number = int(made.lastrowid or 0)
    connection.executemany(
        f"INSERT INTO rollout_poles (rollout, place, {_MEMBER}) "  # noqa: S608 - our own names
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, place, *_values(each)) for place, each in enumerate(members)],
    )
    return replace(rollout, number=number)


def change(
    connection: sqlite3.Connection,
    number: int,
    state: rollout_pb2.RolloutState.ValueType,
    message: str,
    now_ms: int,
) -> None:
    """How a rollout stands from now on."""
    connection.execute(
        "UPDATE rollouts SET state = ?, message = ?, changed_utc_ms = ? WHERE number = ?",
        (state, message, now_ms, number),
    )


def keep_members(connection: sqlite3.Connection, number: int, members: Iterable[Member]) -> None:
    """How these poles of a rollout stand from now on."""
    connection.executemany(
        "UPDATE rollout_poles SET wave = ?, zone = ?, state = ?, changed_utc_ms = ?, offers = ?, "
        "refusal = ?, message = ?, received_bytes = ?, is_forgiven = ? "
        "WHERE rollout = ? AND device = ?",
        [(*_values(each)[1:], number, each.device) for each in members],
    )


def select(connection: sqlite3.Connection, condition: str = "1", *values: int) -> list[Rollout]:
    """Rollouts that fit, the newest first."""
    rows = connection.execute(f"{_ROLLOUT} WHERE {condition} ORDER BY number DESC", values)
    return [_rollout(tuple(row)) for row in rows]


def find(connection: sqlite3.Connection, number: int) -> Rollout:
    """One rollout. Raises VigieError(NOT_FOUND)."""
    found = select(connection, "number = ?", number)
    if not found:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no rollout {number}",
            hint="Run 'vigie update status' to see the numbers.",
        )
    return found[0]


def select_open(connection: sqlite3.Connection) -> list[Rollout]:
    """Rollouts that are not finished, the newest first."""
    return select(connection, "state != ?", FINISHED)


def read_members(connection: sqlite3.Connection, number: int) -> list[Member]:
    """The poles of a rollout, in their order."""
    rows = connection.execute(
        f"SELECT {_MEMBER} FROM rollout_poles WHERE rollout = ? ORDER BY place",  # noqa: S608
        (number,),
    )
    return [_member(tuple(row)) for row in rows]


def find_member(
    connection: sqlite3.Connection, device: str, sha256: bytes
) -> tuple[Rollout, Member] | None:
    """A pole in the newest rollout of a bundle that it takes part in; None: in none."""
    row = connection.execute(
        f"SELECT rollout, {_MEMBER} FROM rollout_poles WHERE device = ? AND rollout = "  # noqa: S608
        "(SELECT max(rollout) FROM rollout_poles JOIN rollouts ON number = rollout "
        "WHERE device = ? AND sha256 = ?)",
        (device, device, sha256),
    ).fetchone()
    if row is None:
        return None
    number, *columns = tuple(row)
    return find(connection, number), _member(tuple(columns))


def list_busy(connection: sqlite3.Connection, number: int) -> set[str]:
    """Poles that are under way in another rollout than this one."""
    states = ", ".join(str(state.value) for state in UNDER_WAY)
    rows = connection.execute(
        f"SELECT device FROM rollout_poles WHERE rollout != ? AND state IN ({states})",  # noqa: S608
        (number,),
    )
    return {device for (device,) in rows}


def keep_image(
    connection: sqlite3.Connection, device: str, slot: str, version: str, board: str
) -> None:
    """What a pole says that it runs."""
    connection.execute(
        "INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?)", (device, slot, version, board)
    )


def _values(member: Member) -> tuple[object, ...]:
    return (
        member.device,
        member.wave,
        member.zone,
        member.state.value,
        member.changed_utc_ms,
        member.offers,
        member.refusal,
        member.message,
        member.received_bytes,
        member.is_forgiven,
    )


def _member(row: _MemberRow) -> Member:
    device, wave, zone, state, *_ = row
    return Member(device, wave, zone, State(state), *row[4:9], is_forgiven=bool(row[9]))


def _rollout(row: _RolloutRow) -> Rollout:
    weekdays, starts, ends = json.loads(row[10])
    plan = Plan(Window(tuple(weekdays), starts, ends), *row[11:])
    return Rollout(row[0], Bundle(*row[1:5]), *row[5:10], plan)
