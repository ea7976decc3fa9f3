"""Conducting rollouts: every few seconds each open one decides; what poles say is written down.

A decision, its lines in the audit, the poles' rows and the commands are one transaction of the one
writer. So an offer is made once or not at all, and a restart goes on from what is on the disk.
"""

import asyncio
import logging
import sqlite3
from dataclasses import dataclass

from collector.audit import Act, append
from collector.commands import Order, put
from collector.devices import Devices
from collector.reader import SqliteReader
from collector.updates import rows
from collector.updates.rollout import (
    OVERDUE_MS,
    Decision,
    Facts,
    Member,
    Said,
    decide,
    is_office_hour,
    tell,
)
from collector.updates.rows import Rollout
from collector.updates.states import FAILED, RECALLABLE, WAITS, Happening, State, read_report
from collector.writer import PASSING, Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.wire.v1 import rollout_pb2, session_pb2, update_pb2

TICK_SECONDS = 5.0
WHO = "collector"
_log = logging.getLogger("vigie.collector")


@dataclass(frozen=True, slots=True)
class Grant:
    """A pole may fetch this bundle now."""

    rollout: int
    sha256: bytes
    size_bytes: int


class Conduct:
    """Decides for every open rollout. Belongs to the event loop."""

    def __init__(
        self, writer: Writer, reader: SqliteReader, devices: Devices, clock: Clock
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._devices = devices
        self._clock = clock

    async def decide_forever(self) -> None:
        """Decide as long as the collector runs."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.decide()
            except VigieError as held:
                if held.kind not in PASSING:
                    raise
                # Nothing was decided, and the next turn decides the same.
                _log.warning("rollouts_wait reason=%r", held.what)

    async def decide(self) -> None:
        """Let every open rollout decide now."""
        if not await self._reader.read(rows.select_open):
            return
        facts = Facts(self._now_ms(), self._devices.connected)

        def write(connection: sqlite3.Connection) -> list[tuple[str, session_pb2.Command]]:
            sent: list[tuple[str, session_pb2.Command]] = []
            for rollout in rows.select_open(connection):
                sent += _conduct(connection, rollout, facts)
            return sent

        for device, command in await self._writer.submit(write):
            self._devices.send(device, command)

    async def hear_hello(self, device: str, hello: session_pb2.Hello) -> None:
        """Which image a pole runs; one without an image is left alone."""
        if hello.slot and hello.board:
            await self._writer.submit(
                lambda connection: rows.keep_image(
                    connection, device, hello.slot, hello.image, hello.board
                )
            )

    async def hear_report(self, device: str, report: update_pb2.UpdateReport) -> None:
        """How a pole's update stands, as it says."""
        happening = read_report(report)
        if happening is not None:
            said = Said(report.received_bytes, report.refusal, report.message)
            await self._hear(device, report.bundle_sha256, happening, said)

    async def note_fetched(self, device: str, grant: Grant, received_bytes: int) -> None:
        """A pole fetches, and has so much."""
        await self._hear(device, grant.sha256, Happening.FETCHES, Said(received_bytes))

    async def keep_answer(self, subject: str, answer: session_pb2.Answer) -> None:
        """What a pole said to an offer."""
        kind, _, rest = subject.partition(":")
        if kind != "update":
            return
        number, _, device = rest.partition(":")
        is_done = answer.code == session_pb2.ANSWER_CODE_DONE
        said = None
        if not is_done:
            message = answer.message or "the pole does not know updates: its software is too old"
            said = Said(0, update_pb2.UPDATE_REFUSAL_NOT_POSSIBLE, message)
        sha256 = (await self._reader.read(lambda it: rows.find(it, int(number)))).bundle.sha256
        happening = Happening.TAKEN if is_done else Happening.NOT_TAKEN
        await self._hear(device, sha256, happening, said)

    async def grant(self, device: str, sha256: bytes) -> Grant:
        """Whether a pole may fetch a bundle at this moment.

        Raises VigieError: NOT_FOUND when it was never offered to this pole; FAILED_PRECONDITION
        when it is offered no more; UNAVAILABLE when it will be again: it keeps what it has.
        """
        found = await self._reader.read(lambda it: rows.find_member(it, device, sha256))
        if found is None or not found[1].offers:
            raise VigieError(Kind.NOT_FOUND, f"no such bundle is offered to device {device}")
        rollout, member = found
        if rollout.state != rows.RUNNING or member.state not in RECALLABLE | WAITS:
            raise VigieError(
                Kind.FAILED_PRECONDITION, f"version {rollout.bundle.version} is offered no more"
            )
        is_office = is_office_hour(rollout.plan, member.zone, self._now_ms())
        if member.state in WAITS or not is_office:
            raise VigieError(
                Kind.UNAVAILABLE,
                "its turn is over or office hours are; the offer will be made again",
            )
        return Grant(rollout.number, sha256, rollout.bundle.size_bytes)

    async def _hear(
        self, device: str, sha256: bytes, happening: Happening, said: Said | None
    ) -> None:
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            found = rows.find_member(connection, device, sha256)
            if found is None:
                return
            rollout, member = found
            heard = tell(member, happening, now_ms, said)
            rows.keep_members(connection, rollout.number, [heard])
            if heard.state is not member.state:
                append(connection, now_ms, _told(rollout, heard))

        await self._writer.submit(write)

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _conduct(
    connection: sqlite3.Connection, rollout: Rollout, facts: Facts
) -> list[tuple[str, session_pb2.Command]]:
    """One rollout's decision, written down with all that follows."""
    members = rows.read_members(connection, rollout.number)
    known = Facts(
        facts.now_utc_ms,
        facts.connected,
        Devices.read_revoked(connection).names,
        rows.list_busy(connection, rollout.number),
    )
    decision = decide(rollout.plan, members, known, is_halted=rollout.state == rows.HALTED)
    rows.keep_members(connection, rollout.number, decision.changed)
    before = {each.device: each.state for each in members}
    for each in decision.changed:
        if before[each.device] is State.OFFERED:
            _recall(connection, rollout, each, facts.now_utc_ms)
        if each.state is State.SILENT:
            append(connection, facts.now_utc_ms, _told(rollout, each))
    _end(connection, rollout, decision, facts.now_utc_ms)
    return [
        (each.device, _offer(connection, rollout, each, facts.now_utc_ms))
        for each in decision.offered
    ]


def _end(connection: sqlite3.Connection, rollout: Rollout, decision: Decision, now_ms: int) -> None:
    """A rollout that halts or is over says so."""
    number = rollout.number
    if decision.is_finished:
        append(connection, now_ms, Act(WHO, "finish rollout", str(number)))
        rows.change(connection, number, rows.FINISHED, decision.halt or rollout.message, now_ms)
    elif decision.halt:
        append(connection, now_ms, Act(WHO, "halt rollout", str(number), decision.halt))
        rows.change(connection, number, rows.HALTED, decision.halt, now_ms)
        _log.warning("rollout_halted rollout=%d reason=%r", number, decision.halt)


def _offer(
    connection: sqlite3.Connection, rollout: Rollout, member: Member, now_ms: int
) -> session_pb2.Command:
    bundle = rollout.bundle
    append(
        connection,
        now_ms,
        Act(WHO, "offer update", member.device, f"rollout {rollout.number}, {bundle.version}"),
    )
    offer = update_pb2.OfferUpdate(
        version=bundle.version,
        board=bundle.board,
        bundle_sha256=bundle.sha256,
        bundle_bytes=bundle.size_bytes,
    )
    action = session_pb2.Command(offer_update=offer)
    expires_ms = now_ms + OVERDUE_MS[State.OFFERED]
    return put(
        connection, Order(member.device, action, _subject(rollout, member), expires_ms), now_ms
    )


def _recall(connection: sqlite3.Connection, rollout: Rollout, member: Member, now_ms: int) -> None:
    """An offer that nobody answered is sent no more."""
    connection.execute(
        "UPDATE commands SET expires_utc_ms = ? WHERE device = ? AND subject = ? AND code IS NULL",
        (now_ms, member.device, _subject(rollout, member)),
    )


def _subject(rollout: Rollout, member: Member) -> str:
    return f"update:{rollout.number}:{member.device}"


def _told(rollout: Rollout, member: Member) -> Act:
    state = rollout_pb2.PoleState.Name(member.state.value).removeprefix("POLE_STATE_").lower()
    why = f": {member.message}" if member.state in FAILED and member.message else ""
    detail = f"rollout {rollout.number}, {rollout.bundle.version}: {state}{why}"
    return Act(f"device:{member.device}", "report update", member.device, detail)
