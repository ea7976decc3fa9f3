"""What a pole is asked to do: kept until it answers or the asking is over.

A command is on disk before it is sent and is sent again on every new stream until its answer
came; poles remember ids, so that it is harmless twice. Who waits for the outcome is told by
subject: a clip's name, a mandate's hash.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from collector.audit import Act, append
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.wire.v1 import session_pb2

Told = Callable[[str, session_pb2.Answer], Awaitable[None]]
"""Takes a command's subject and the pole's answer, after both are on disk."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command before it has an id.

    action: a Command whose `id` is not set yet. subject: what it is about, at most 80 characters.
    expires_utc_ms: when it is no longer sent.
    """

    device: str
    action: session_pb2.Command
    subject: str
    expires_utc_ms: int


def put(connection: sqlite3.Connection, order: Order, now_ms: int) -> session_pb2.Command:
    """Give the next id of its device and keep the command; in the caller's transaction.

    Raises VigieError(NOT_FOUND) for a device that was never invited.
    """
    row = connection.execute(
        "UPDATE devices SET last_command = last_command + 1 WHERE name = ? RETURNING last_command",
        (order.device,),
    ).fetchone()
    if row is None:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no device {order.device}",
            hint="Run 'vigie device status' to see the names.",
        )
    command = session_pb2.Command(id=row[0])
    command.MergeFrom(order.action)
    connection.execute(
        "INSERT INTO commands (device, id, body, subject, made_utc_ms, expires_utc_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            order.device,
            row[0],
            command.SerializeToString(),
            order.subject,
            now_ms,
            order.expires_utc_ms,
        ),
    )
    return command


class Commands:
    """Commands that wait for their poles. Belongs to the event loop."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._told: list[Told] = []

    def when_answered(self, told: Told) -> None:
        """Have every answer told from now on."""
        self._told.append(told)

    async def waiting(self, device: str) -> list[session_pb2.Command]:
        """What this device has not answered yet, in order; for a stream that has just opened."""
        now_ms = self._now_ms()

        def read(connection: sqlite3.Connection) -> list[bytes]:
            rows = connection.execute(
                "SELECT body FROM commands WHERE device = ? AND code IS NULL "
                "AND expires_utc_ms > ? ORDER BY id",
                (device, now_ms),
            )
            return [body for (body,) in rows]

        bodies = await self._writer.submit(read)
        return [session_pb2.Command.FromString(body) for body in bodies]

    async def keep_answer(self, device: str, answer: session_pb2.Answer) -> None:
        """Write down what the pole said, then tell those who wait; a repeated answer tells none."""
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "UPDATE commands SET code = ?, message = ?, answered_utc_ms = ? "
                "WHERE device = ? AND id = ? AND code IS NULL RETURNING subject",
                (answer.code, answer.message, now_ms, device, answer.id),
            ).fetchone()
            if row is None:
                return None
            word = session_pb2.AnswerCode.Name(answer.code).removeprefix("ANSWER_CODE_").lower()
            what = f"{word}: {answer.message}" if answer.message else word
            append(connection, now_ms, Act(f"device:{device}", "answer command", row[0], what))
            return str(row[0])

        subject = await self._writer.submit(write)
        if subject is not None:
            for told in self._told:
                await told(subject, answer)

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000
