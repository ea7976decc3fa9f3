"""The update desk: rollouts begun, halted, resumed and read; each with its right and its line."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from collector import registry
from collector.audit import Act, append
from collector.devices import Devices
from collector.mandates import Mandates
from collector.reader import SqliteReader
from collector.rights import Right, check_right
from collector.updates import rows
from collector.updates.bundles import Bundle
from collector.updates.rollout import Member, deal, forgive, tell
from collector.updates.rows import Rollout
from collector.updates.states import WAITS, Happening
from collector.updates.taking import find_whole
from collector.updates.wishes import Asker, Wish, check_poles, check_wish, need_zone
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.mandate.statement import Mandate


@dataclass(frozen=True, slots=True)
class View:
    """A rollout with its poles, as they stand."""

    rollout: Rollout
    members: tuple[Member, ...]


class UpdateDesk:
    """All rollouts of one collector. Belongs to the event loop."""

    def __init__(
        self,
        writer: Writer,
        reader: SqliteReader,
        devices: Devices,
        mandates: Mandates,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._devices = devices
        self._mandates = mandates
        self._clock = clock

    async def start(self, asker: Asker, wish: Wish) -> View:
        """Begin a rollout. Poles that wait in an earlier one leave it for this.

        Raises VigieError: PERMISSION_DENIED by role; NOT_FOUND for a bundle or a pole that is not
        here; FAILED_PRECONDITION for a pole of another board; INVALID_ARGUMENT.
        """
        check_right(asker.role, Right.ROLL_OUT_UPDATES)
        check_wish(wish)
        now_ms = self._now_ms()
        zones = await self._find_zones()

        def write(connection: sqlite3.Connection) -> View:
            bundle = find_whole(connection, wish.sha256)
            names = wish.devices or self._find_all(connection, bundle)
            check_poles(connection, bundle, names)
            dealt = zip(names, deal(names, wish.waves), strict=True)
            members = [
                Member(name, wave, zones.get(name) or need_zone(wish, name), changed_utc_ms=now_ms)
                for name, wave in dealt
            ]
            detail = f"{bundle.board} {bundle.version} to {len(members)} poles"
            append(connection, now_ms, Act(asker.who, "start rollout", wish.sha256.hex(), detail))
            _take_over(connection, set(names), now_ms)
            begun = Rollout(0, bundle, rows.RUNNING, "", asker.who, now_ms, now_ms, wish.plan)
            return View(rows.insert(connection, begun, members), tuple(members))

        return await self._writer.submit(write)

    async def list_all(self, who: str) -> list[View]:
        """Every rollout, the newest first; audited."""

        def read(connection: sqlite3.Connection) -> list[View]:
            append(connection, self._now_ms(), Act(who, "list rollouts"))
            return [_view(connection, each) for each in rows.select(connection)]

        return await self._writer.submit(read)

    async def get(self, who: str, number: int) -> View:
        """One rollout; audited. Raises VigieError(NOT_FOUND)."""

        def read(connection: sqlite3.Connection) -> View:
            append(connection, self._now_ms(), Act(who, "read rollout", str(number)))
            return _view(connection, rows.find(connection, number))

        return await self._writer.submit(read)

    async def look(self, number: int = 0) -> list[View]:
        """Rollouts as they stand, or one (0: all), for whoever watches; leaves no line.

        Raises VigieError(NOT_FOUND).
        """

        def read(connection: sqlite3.Connection) -> list[View]:
            found = [rows.find(connection, number)] if number else rows.select(connection)
            return [_view(connection, each) for each in found]

        return await self._reader.read(read)

    async def halt(self, asker: Asker, number: int, reason: str) -> View:
        """Offer nothing more. Raises VigieError: NOT_FOUND, FAILED_PRECONDITION when it is over."""
        check_right(asker.role, Right.HALT_UPDATES)
        message = reason.strip() or "halted by hand"

        def write(connection: sqlite3.Connection, now_ms: int) -> None:
            append(connection, now_ms, Act(asker.who, "halt rollout", str(number), message))
            rows.change(connection, number, rows.HALTED, message, now_ms)

        return await self._turn(number, write)

    async def resume(self, asker: Asker, number: int) -> View:
        """Go on; what failed until now counts no more. Raises VigieError as `halt` does."""
        check_right(asker.role, Right.ROLL_OUT_UPDATES)

        def write(connection: sqlite3.Connection, now_ms: int) -> None:
            append(connection, now_ms, Act(asker.who, "resume rollout", str(number)))
            rows.keep_members(connection, number, forgive(rows.read_members(connection, number)))
            rows.change(connection, number, rows.RUNNING, "", now_ms)

        return await self._turn(number, write)

    async def _turn(self, number: int, write: Callable[[sqlite3.Connection, int], None]) -> View:
        def turn(connection: sqlite3.Connection) -> View:
            found = rows.find(connection, number)
            if found.state == rows.FINISHED:
                raise VigieError(
                    Kind.FAILED_PRECONDITION,
                    f"rollout {number} is over",
                    hint=f"See 'vigie update status {number}'.",
                )
            write(connection, self._now_ms())
            return _view(connection, rows.find(connection, number))

        return await self._writer.submit(turn)

    async def _find_zones(self) -> dict[str, str]:
        """The time zone of each pole, by the newest mandate that names it."""
        zones: dict[str, str] = {}
        for delivered in await self._mandates.list_all():
            if isinstance(delivered.statement, Mandate):
                for name in delivered.statement.devices:
                    zones.setdefault(name, delivered.statement.time_zone)
        return zones

    def _find_all(self, connection: sqlite3.Connection, bundle: Bundle) -> tuple[str, ...]:
        """Poles of the board that do not run this version; those that are here come first."""
        found = connection.execute(
            "SELECT device FROM images JOIN devices ON name = device "
            "WHERE board = ? AND version != ? AND devices.state = ? ORDER BY device",
            (bundle.board, bundle.version, registry.ENROLLED),
        )
        names = [name for (name,) in found]
        return tuple(sorted(names, key=lambda name: name not in self._devices.connected))

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _view(connection: sqlite3.Connection, rollout: Rollout) -> View:
    return View(rollout, tuple(rows.read_members(connection, rollout.number)))


def _take_over(connection: sqlite3.Connection, names: set[str], now_ms: int) -> None:
    """Who still waits in an earlier rollout waits there no more."""
    for earlier in rows.select_open(connection):
        waiting = [
            tell(each, Happening.LEAVES, now_ms)
            for each in rows.read_members(connection, earlier.number)
            if each.device in names and each.state in WAITS
        ]
        rows.keep_members(connection, earlier.number, waiting)
