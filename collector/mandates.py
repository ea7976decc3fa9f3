"""Mandates on their way to the poles: verified, kept, sent, and never made here.

The collector could hold a mandate back, but not make or change one: every pole verifies the same
envelope itself. What is refused here would be refused there; here somebody is told at once.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from collector.audit import Act, append
from collector.commands import Order, put
from collector.devices import Devices
from collector.store import DeviceRecord
from collector.trusted import Trusted
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.mandate.envelope import MANDATE, REVOCATION, open_envelope, verify_opened
from edge.mandate.keys import PublicKey
from edge.mandate.statement import Mandate, Revocation, parse_mandate, parse_revocation
from edge.wire.v1 import event_pb2, session_pb2
from edge.wire.v1 import operator_pb2 as op

_MODES = {
    "operation": event_pb2.MANDATE_MODE_OPERATION,
    "calibration": event_pb2.MANDATE_MODE_CALIBRATION,
}
# A revocation is sent for as long as a mandate may last; a pole that slept hears it when it wakes.
REVOCATION_LIFE_MS = 10 * 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Delivered:
    """One envelope as the collector keeps it, with what it says."""

    sha256: bytes
    envelope: str
    statement: Mandate | Revocation
    signers: tuple[PublicKey, ...]
    delivered_utc_ms: int

    @property
    def expires_utc_ms(self) -> int:
        """When sending it makes no sense any more."""
        if isinstance(self.statement, Mandate):
            return int(self.statement.expires.timestamp() * 1000)
        return self.delivered_utc_ms + REVOCATION_LIFE_MS


class Mandates:
    """All envelopes of one collector. Belongs to the event loop."""

    def __init__(self, writer: Writer, trusted: Trusted, devices: Devices, clock: Clock) -> None:
        self._writer = writer
        self._trusted = trusted
        self._devices = devices
        self._clock = clock

    def read(self, envelope: str, delivered_utc_ms: int) -> Delivered:
        """What an envelope says, if the authority signed it.

        Raises VigieError: FAILED_PRECONDITION without a trust file; INVALID_ARGUMENT for what is
        no mandate and no revocation; PERMISSION_DENIED for one that too few have signed.
        """
        trust = self._trusted.require()
        received = envelope.encode()
        opened = open_envelope(received)
        if opened.payload_type not in (MANDATE, REVOCATION):
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f'the envelope holds "{opened.payload_type}", no mandate and no revocation',
                hint="Give what 'vigie mandate sign' or 'vigie mandate revoke' wrote.",
            )
        is_revocation = opened.payload_type == REVOCATION
        # Stopping is safe: one of the authority's keys is enough for it.
        verified = verify_opened(
            opened, trust.keys, threshold=1 if is_revocation else trust.threshold
        )
        statement = (
            parse_revocation(verified.payload) if is_revocation else parse_mandate(verified.payload)
        )
        digest = hashlib.sha256(received).digest()
        return Delivered(digest, envelope, statement, verified.signers, delivered_utc_ms)

    async def deliver(self, envelope: str, who: str) -> list[str]:
        """Keep an envelope and send it to the poles it concerns; their names.

        The same envelope again is sent again. Raises VigieError as `read` does.
        """
        now_ms = self._clock.utc_ns() // 1_000_000
        delivered = self.read(envelope, now_ms)

        def write(connection: sqlite3.Connection) -> list[tuple[str, session_pb2.Command]]:
            append(connection, now_ms, Act(who, *_describe(delivered)))
            _keep(connection, delivered, who)
            return [
                (device, _command(connection, device, delivered, now_ms))
                for device in _concerned(connection, delivered.statement)
            ]

        sent = await self._writer.submit(write)
        for device, command in sent:
            self._devices.send(device, command)
        return [device for device, _ in sent]

    async def list_all(self) -> list[Delivered]:
        """Every envelope that still verifies, the newest first."""

        def read(connection: sqlite3.Connection) -> list[tuple[str, int]]:
            return connection.execute(
                "SELECT envelope, delivered_utc_ms FROM mandates "
                "ORDER BY version DESC, delivered_utc_ms DESC"
            ).fetchall()

        if self._trusted.trust is None:
            return []
        return [self.read(text, utc_ms) for text, utc_ms in await self._writer.submit(read)]

    def check_clip_right(
        self, connection: sqlite3.Connection, device: str, camera: str, role: str, now_ms: int
    ) -> None:
        """Whether the newest mandate of a pole lets a role ask for clips of a camera.

        The pole decides by itself; this refuses early what it would refuse. Raises
        VigieError(PERMISSION_DENIED).
        """
        rows = connection.execute(
            "SELECT envelope, delivered_utc_ms FROM mandates WHERE NOT is_revocation "
            "AND expires_utc_ms > ? ORDER BY version DESC",
            (now_ms,),
        )
        for text, utc_ms in rows:
            mandate = self.read(text, utc_ms).statement
            if not isinstance(mandate, Mandate) or device not in mandate.devices:
                continue
            if camera not in [each.camera for each in mandate.cameras]:
                continue
            if role in mandate.clip_requesters:
                return
            asked = ", ".join(mandate.clip_requesters) or "nobody"
            raise VigieError(
                Kind.PERMISSION_DENIED,
                f"mandate {mandate.version} does not let {_a(role)} ask for clips of {camera}",
                hint=f"It names: {asked}.",
            )
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"no mandate in force names camera {camera} of device {device}",
            hint="See 'vigie mandate list'; only the authority can sign another.",
        )

    async def catch_up(self, device: str, version: int | None) -> None:
        """Queue what a pole that has just come does not know: all above its version, and stops."""
        now_ms = self._clock.utc_ns() // 1_000_000

        def write(connection: sqlite3.Connection) -> None:
            rows = connection.execute(
                "SELECT envelope, delivered_utc_ms FROM mandates WHERE expires_utc_ms > ? "
                "AND (is_revocation OR version > ?) ORDER BY version, delivered_utc_ms",
                (now_ms, version or 0),
            ).fetchall()
            for text, utc_ms in rows:
                delivered = self.read(text, utc_ms)
                is_meant = device in _concerned(connection, delivered.statement)
                if is_meant and not _was_put(connection, device, _subject(delivered)):
                    _command(connection, device, delivered, now_ms)

        if self._trusted.trust is not None:
            await self._writer.submit(write)


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def _describe(delivered: Delivered) -> Sequence[str]:
    statement = delivered.statement
    signers = ", ".join(key.name for key in delivered.signers)
    verb = "deliver mandate" if isinstance(statement, Mandate) else "deliver revocation"
    return verb, f"version {statement.version}", f"signed by {signers}"


def _subject(delivered: Delivered) -> str:
    return f"mandate:{delivered.sha256.hex()}"


def _keep(connection: sqlite3.Connection, delivered: Delivered, who: str) -> None:
    statement = delivered.statement
    connection.execute(
        "INSERT OR IGNORE INTO mandates VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            delivered.sha256,
            delivered.envelope,
            isinstance(statement, Revocation),
            statement.version,
            delivered.expires_utc_ms,
            delivered.delivered_utc_ms,
            who,
        ),
    )


def _concerned(connection: sqlite3.Connection, statement: Mandate | Revocation) -> list[str]:
    """Known devices that a statement is about; a revocation concerns everybody it may stop."""
    known = [name for (name,) in connection.execute("SELECT name FROM devices ORDER BY name")]
    if isinstance(statement, Revocation):
        return known
    return [name for name in known if name in statement.devices]


def _command(
    connection: sqlite3.Connection, device: str, delivered: Delivered, now_ms: int
) -> session_pb2.Command:
    action = session_pb2.Command(take_mandate=session_pb2.TakeMandate(envelope=delivered.envelope))
    order = Order(device, action, _subject(delivered), delivered.expires_utc_ms)
    return put(connection, order, now_ms)


def _was_put(connection: sqlite3.Connection, device: str, subject: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM commands WHERE device = ? AND subject = ?", (device, subject)
    ).fetchone()
    return row is not None


def mandate_message(delivered: Delivered, devices: Sequence[DeviceRecord]) -> op.DeliveredMandate:
    """An envelope as the wire lists it; which poles say that its version is in force."""
    statement = delivered.statement
    message = op.DeliveredMandate(
        sha256=delivered.sha256.hex(),
        is_revocation=isinstance(statement, Revocation),
        version=statement.version,
        authority=statement.authority,
        signers=[op.Name(name=key.name) for key in delivered.signers],
        expires_utc_ms=delivered.expires_utc_ms,
        envelope=delivered.envelope,
        delivered_utc_ms=delivered.delivered_utc_ms,
    )
    if isinstance(statement, Mandate):
        message.profile = statement.profile.name
        message.mode = _MODES[statement.mode]
        message.begins_utc_ms = int(statement.not_before.timestamp() * 1000)
        message.devices.extend(op.Name(name=name) for name in statement.devices)
        message.in_force_at.extend(
            op.Name(name=each.name)
            for each in devices
            if each.health is not None and each.health.mandate_version == statement.version
        )
    return message
