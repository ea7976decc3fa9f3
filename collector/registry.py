"""The rows of one device: its token, its certificates, its state. Jobs of the one writer."""

import hashlib
import hmac
import sqlite3

from collector.audit import Act, append
from collector.authority import Issued
from edge.errors import Kind, VigieError
from edge.wire.v1 import operator_pb2

INVITE_AGAIN = "Make a new token with 'vigie device invite {}' at the collector."
INVITED, ENROLLED, REVOKED = (
    operator_pb2.DEVICE_STATE_INVITED,
    operator_pb2.DEVICE_STATE_ENROLLED,
    operator_pb2.DEVICE_STATE_REVOKED,
)


def token_hash(token: str) -> bytes:
    """How a token is kept: 160 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def redeem(
    connection: sqlite3.Connection, device: str, token: str, *, key_hash: bytes, now_ms: int
) -> None:
    """Use a token for a key, or say why it is no good."""
    row = connection.execute(
        "SELECT token_hash, token_expires_utc_ms, token_key FROM devices WHERE name = ?", (device,)
    ).fetchone()
    expected = bytes(row[0]) if row and row[0] is not None else b""
    reason = ""
    if not hmac.compare_digest(expected, token_hash(token)):
        reason = f"the token is not for device {device}"
    elif row[2] is not None and bytes(row[2]) != key_hash:
        reason = f"the token for device {device} was used already"
    elif row[1] < now_ms:
        reason = f"the token for device {device} has expired"
    if reason:
        raise VigieError(Kind.PERMISSION_DENIED, reason, hint=INVITE_AGAIN.format(device))
    connection.execute(
        "UPDATE devices SET token_key = ?, state = ? WHERE name = ?", (key_hash, ENROLLED, device)
    )


def keep_certificate(connection: sqlite3.Connection, device: str, issued: Issued) -> None:
    """Remember a certificate, so that its serial can be revoked."""
    connection.execute(
        "INSERT INTO certificates (serial, device, expires_utc_ms) VALUES (?, ?, ?)",
        (issued.serial, device, issued.expires_utc_ms),
    )
    connection.execute(
        "UPDATE devices SET certificate_expires_utc_ms = ? WHERE name = ?",
        (issued.expires_utc_ms, device),
    )


def revoke(connection: sqlite3.Connection, device: str) -> list[str]:
    """Mark the device and its certificates; their serials."""
    changed = connection.execute(
        "UPDATE devices SET state = ?, token_hash = NULL, token_key = NULL WHERE name = ?",
        (REVOKED, device),
    )
    if changed.rowcount == 0:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no device {device}",
            hint="Run 'vigie device status' to see their names.",
        )
    connection.execute("UPDATE certificates SET is_revoked = 1 WHERE device = ?", (device,))
    rows = connection.execute("SELECT serial FROM certificates WHERE device = ?", (device,))
    return [serial for (serial,) in rows]


def see(
    connection: sqlite3.Connection, device: str, software: str, now_ms: int, *, is_twin: bool
) -> None:
    """A stream was opened; a second machine with the same identity marks the device."""
    connection.execute(
        "INSERT INTO devices (name, state, software, last_seen_utc_ms) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET software = excluded.software, "
        "last_seen_utc_ms = excluded.last_seen_utc_ms",
        (device, ENROLLED, software, now_ms),
    )
    if is_twin:
        append(connection, now_ms, Act("collector", "mark twin", device))
        connection.execute("UPDATE devices SET twin_utc_ms = ? WHERE name = ?", (now_ms, device))
