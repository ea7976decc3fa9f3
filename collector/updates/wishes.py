"""What somebody wants rolled out, and what must be true of it before it is."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collector import registry
from collector.rights import Role
from collector.updates.bundles import Bundle
from collector.updates.rollout import Plan
from edge.errors import Kind, VigieError

MAX_AT_MOST = 1000
MAX_WAVES, MAX_FAILURES_PERCENT = 50, 50
MAX_MINUTE = 2 * 24 * 60 - 1


@dataclass(frozen=True, slots=True)
class Asker:
    """Who stands at the desk. who: as the audit writes people."""

    who: str
    role: Role


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants rolled out. devices: empty for every pole of the bundle's board.

    waves: sizes, the canary first. zone: IANA name for poles whose mandate names none; empty: none.
    """

    sha256: bytes
    devices: tuple[str, ...]
    waves: tuple[int, ...]
    plan: Plan
    zone: str = ""


def check_wish(wish: Wish) -> None:
    """Its numbers are within bounds. Raises VigieError(INVALID_ARGUMENT)."""
    hours, problem = wish.plan.hours, ""
    if not 0 <= hours.starts_minute < hours.ends_minute <= MAX_MINUTE:
        problem = "its office hours are no time of a day"
    elif not 1 <= wish.plan.at_most <= MAX_AT_MOST:
        problem = f"at most {wish.plan.at_most} at a time; allowed: 1 to {MAX_AT_MOST}"
    elif len(wish.waves) > MAX_WAVES or not all(wish.waves):
        problem = f"waves have at least one pole, and there are {MAX_WAVES} at most"
    elif wish.plan.failures_percent > MAX_FAILURES_PERCENT:
        problem = f"a wave bears {MAX_FAILURES_PERCENT} % failures at most"
    elif len(set(wish.devices)) < len(wish.devices):
        problem = "it names a pole twice"
    if problem:
        raise VigieError(
            Kind.INVALID_ARGUMENT, f"the rollout cannot begin: {problem}",
            hint="See 'vigie update push --help'.",
        )  # fmt: skip
    try:
        ZoneInfo(wish.zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise VigieError(
            Kind.INVALID_ARGUMENT, f"'{wish.zone}' is no time zone", hint="Such as Europe/Paris."
        ) from unknown


def check_poles(connection: sqlite3.Connection, bundle: Bundle, names: Sequence[str]) -> None:
    """They are enrolled, and said that they have an image for the bundle's board.

    Raises VigieError: NOT_FOUND, FAILED_PRECONDITION.
    """
    if not names:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"there is no pole of board {bundle.board} that needs version {bundle.version}",
            hint="A pole says which image it runs when it connects: see 'vigie device status'.",
        )
    boards = dict(
        connection.execute(
            "SELECT name, ifnull(board, '') FROM devices LEFT JOIN images ON device = name "
            "WHERE devices.state = ?",
            (registry.ENROLLED,),
        ).fetchall()
    )
    for name in names:
        if name not in boards:
            raise VigieError(
                Kind.NOT_FOUND,
                f"there is no enrolled pole {name}",
                hint="Run 'vigie device status' to see the names.",
            )
        if boards[name] != bundle.board:
            said = f"has an image for {boards[name]}" if boards[name] else "said of no image yet"
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"the bundle is for {bundle.board}, and pole {name} {said}",
                hint="Push it to poles of its board only.",
            )


def need_zone(wish: Wish, name: str) -> str:
    """The wish's own zone. Raises VigieError(FAILED_PRECONDITION) where it has none."""
    if not wish.zone:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"no mandate names a time zone for pole {name}, so its office hours are not known",
            hint="Give one with --zone, such as --zone Europe/Paris.",
        )
    return wish.zone
