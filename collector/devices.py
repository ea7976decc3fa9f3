"""The poles: invited, enrolled, revoked; which streams they hold, what they last said.

Revocation stands in memory, so that a stream is checked without a query; the database is where
it comes from at start and where it goes before it takes effect.
"""

import base64
import secrets
import sqlite3
from typing import NamedTuple, Protocol

from collector import registry
from collector.audit import Act, append
from collector.authority import Authority, Issued
from collector.share_files import ShareFiles
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.evidence.device_keys import DeviceKey, check_proof
from edge.wire.identifiers import DEVICE_NAME_HINT, is_device_name
from edge.wire.v1 import session_pb2

TOKEN_BYTES = 20
DEFAULT_VALID_SECONDS = 86_400
MIN_VALID_SECONDS, MAX_VALID_SECONDS = 60, 2_592_000
TWIN_WITHIN_MS = 60_000  # a second stream that displaces a live one so often is a second machine


class Stream(Protocol):
    """One open session, as the devices see it."""

    def end(self, error: VigieError) -> None:
        """End the stream with a reasoned status."""
        ...

    def command(self, command: session_pb2.Command) -> None:
        """Send a command down; harmless twice."""
        ...


class EvidenceClaim(NamedTuple):
    """A key that an enrolling pole says its clips will be signed with, and its proof of it."""

    key: bytes
    proof: bytes


class Admitted(NamedTuple):
    """What an enrolment gives a pole. share: the collector's part of the key of its data."""

    issued: Issued
    share: bytes


class Revoked(NamedTuple):
    """Device names and certificate serials that are refused."""

    names: set[str]
    serials: set[str]


class Devices:
    """All poles of one collector. Belongs to the event loop."""

    def __init__(
        self,
        writer: Writer,
        authority: Authority,
        share_files: ShareFiles,
        clock: Clock,
        revoked: Revoked,
    ) -> None:
        self._writer = writer
        self._authority = authority
        self._share_files = share_files
        self._clock = clock
        self._streams: dict[str, Stream] = {}
        self._displaced_ms: dict[str, int] = {}
        self._revoked_names = set(revoked.names)
        self._revoked_serials = set(revoked.serials)

    @staticmethod
    def read_revoked(connection: sqlite3.Connection) -> Revoked:
        """What was revoked before this start."""
        names = connection.execute("SELECT name FROM devices WHERE state = ?", (registry.REVOKED,))
        serials = connection.execute("SELECT serial FROM certificates WHERE is_revoked")
        return Revoked({name for (name,) in names}, {serial for (serial,) in serials})

    @property
    def connected(self) -> frozenset[str]:
        """Names of the devices that hold a stream now."""
        return frozenset(self._streams)

    def check_not_revoked(self, device: str, serial: str) -> None:
        """Raises VigieError(PERMISSION_DENIED) when the device or its certificate is revoked."""
        if device in self._revoked_names or serial in self._revoked_serials:
            raise _revoked(device)

    async def invite(self, device: str, valid_seconds: int, who: str) -> tuple[str, int]:
        """Make a one-time token; the token and the end of its life, UTC ms.

        valid_seconds: 0 for a day. Raises VigieError(INVALID_ARGUMENT) for a name or a time
        out of range.
        """
        _check_name(device)
        seconds = valid_seconds or DEFAULT_VALID_SECONDS
        if not MIN_VALID_SECONDS <= seconds <= MAX_VALID_SECONDS:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"a token cannot be valid for {seconds} s",
                hint=f"Give {MIN_VALID_SECONDS} to {MAX_VALID_SECONDS} seconds.",
            )
        token = base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().lower()
        now_ms = self._now_ms()
        expires_ms = now_ms + seconds * 1000

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "invite device", device, f"{seconds} s"))
            connection.execute(
                "INSERT INTO devices (name, state, token_hash, token_expires_utc_ms) "
                "VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET token_key = NULL, "
                "token_hash = excluded.token_hash, "
                "token_expires_utc_ms = excluded.token_expires_utc_ms",
                (device, registry.INVITED, registry.token_hash(token), expires_ms),
            )

        await self._writer.submit(write)
        return token, expires_ms

    async def enrol(
        self, device: str, token: str, csr_pem: bytes, evidence: EvidenceClaim | None = None
    ) -> Admitted:
        """Redeem a token for a certificate and a share; all happens or nothing.

        The token stays good for the same key, so an enrolment whose answer was lost is repeated.
        evidence: kept for good; None: the pole has no vault.
        Raises VigieError(PERMISSION_DENIED) for a wrong, used or expired token or an evidence key
        that is not proven, INVALID_ARGUMENT for a bad request.
        """
        _check_name(device)
        if evidence is not None:
            check_proof(evidence.key, evidence.proof, device, token)
        issued = self._authority.issue_client(csr_pem, f"vigie://device/{device}")
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> bytes:
            registry.redeem(connection, device, token, key_hash=issued.key_hash, now_ms=now_ms)
            append(connection, now_ms, Act(f"device:{device}", "enrol device", device))
            registry.keep_certificate(connection, device, issued)
            if evidence is not None:
                registry.keep_evidence_key(connection, device, evidence.key, now_ms)
            return self._share_files.ensure_share(device)

        share = await self._writer.submit(write)
        self._revoked_names.discard(device)
        return Admitted(issued, share)

    async def list_evidence_keys(self, device: str) -> list[DeviceKey]:
        """Every key with which a pole ever signed clips; a removed pole's too."""
        return await self._writer.submit(
            lambda connection: registry.list_evidence_keys(connection, device)
        )

    async def renew(self, device: str, serial: str, csr_pem: bytes) -> Issued:
        """The next certificate for a device that proved itself with the present one.

        Raises VigieError(PERMISSION_DENIED) when it is revoked, INVALID_ARGUMENT for a bad request.
        """
        self.check_not_revoked(device, serial)
        issued = self._authority.issue_client(csr_pem, f"vigie://device/{device}")
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(f"device:{device}", "renew certificate", device))
            registry.keep_certificate(connection, device, issued)

        await self._writer.submit(write)
        return issued

    async def revoke(self, device: str, reason: str, who: str) -> int:
        """Refuse the device and its certificates, destroy its share; how many streams were ended.

        Raises VigieError(NOT_FOUND) for a device that was never invited.
        """
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> list[str]:
            append(connection, now_ms, Act(who, "revoke device", device, reason))
            return registry.revoke(connection, device, now_ms)

        serials = await self._writer.submit(write)
        self._revoked_names.add(device)
        self._revoked_serials.update(serials)
        stream = self._streams.get(device)
        if stream is not None:
            stream.end(_revoked(device))
        # After its line is on the disk; a cut before this is made up for at the next start.
        await self._writer.submit(lambda _: self._share_files.destroy_share(device))
        return int(stream is not None)

    async def open_stream(
        self, device: str, software: str, stream: Stream, *, is_behind: bool
    ) -> None:
        """The newest stream of an identity holds it; an older one is ended.

        A pole that reconnects displaces its own dead stream, once. The same twice within a
        minute is a second machine with the same identity, and so is one that is_behind what was
        stored of its epoch: the device is marked.
        """
        now_ms = self._now_ms()
        older = self._streams.get(device)
        self._streams[device] = stream
        is_twin = is_behind
        if older is not None:
            older.end(_displaced(device))
            is_twin |= now_ms - self._displaced_ms.get(device, -TWIN_WITHIN_MS) < TWIN_WITHIN_MS
            self._displaced_ms[device] = now_ms

        def write(connection: sqlite3.Connection) -> None:
            registry.see(connection, device, software, now_ms, is_twin=is_twin)

        await self._writer.submit(write)

    def close_stream(self, device: str, stream: Stream) -> None:
        """The stream is over; a newer one of the same device stays."""
        if self._streams.get(device) is stream:
            del self._streams[device]

    def send(self, device: str, command: session_pb2.Command) -> None:
        """Send a command down at once if the pole is here; it waits in the queue otherwise."""
        stream = self._streams.get(device)
        if stream is not None:
            stream.command(command)

    async def next_command_id(self, device: str) -> int:
        """A number no command to this device had before, from 1."""

        def take(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "UPDATE devices SET last_command = last_command + 1 WHERE name = ? "
                "RETURNING last_command",
                (device,),
            ).fetchone()
            return int(row[0])

        return await self._writer.submit(take)

    async def keep_health(self, device: str, health: session_pb2.Status) -> None:
        """What the pole is like now, in place of what it said before."""
        now_ms = self._now_ms()
        body = health.SerializeToString()
        await self._writer.submit(
            lambda connection: connection.execute(
                "UPDATE devices SET health = ?, health_utc_ms = ?, last_seen_utc_ms = ? "
                "WHERE name = ?",
                (body, now_ms, now_ms, device),
            )
        )

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _revoked(device: str) -> VigieError:
    return VigieError(
        Kind.PERMISSION_DENIED,
        f"device {device} is revoked",
        hint=f"If it is yours: {registry.INVITE_AGAIN.format(device)}",
    )


def _displaced(device: str) -> VigieError:
    return VigieError(
        Kind.UNAVAILABLE,
        f"another stream of device {device} was opened",
        hint="If only one machine has this identity, this is its older connection.",
    )


def _check_name(device: str) -> None:
    if not is_device_name(device):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{device}' cannot be a device's name",
            hint=DEVICE_NAME_HINT,
        )
