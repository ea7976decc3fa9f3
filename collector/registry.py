"""The rows of one device: its token, its certificates, its state. Jobs of the one writer."""

import hashlib
import hmac
import sqlite3

from collector.audit import Act, append
from collector.authority import Issued
from edge.errors import Kind, VigieError
from edge.evidence.device_keys import DeviceKey
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


def keep_evidence_key(
    connection: sqlite3.Connection, device: str, evidence_key: bytes, now_ms: int
) -> None:
    """Remember for good whose clips a key signs; a new key takes the place of the one before."""
    connection.execute(
        "UPDATE evidence_keys SET removed_utc_ms = ? "
        "WHERE device = ? AND evidence_key != ? AND removed_utc_ms IS NULL",
        (now_ms, device, evidence_key),
    )
    connection.execute(
        "INSERT INTO evidence_keys (device, evidence_key, enrolled_utc_ms) VALUES (?, ?, ?) "
        "ON CONFLICT (device, evidence_key) DO UPDATE SET removed_utc_ms = NULL",
        (device, evidence_key, now_ms),
    )


def list_evidence_keys(connection: sqlite3.Connection, device: str = "") -> list[DeviceKey]:
    """Every key ever shown by a device (empty: by all), those of removed devices too."""
    rows = connection.execute(
        "SELECT device, evidence_key, enrolled_utc_ms, removed_utc_ms FROM evidence_keys "
        "WHERE ? IN ('', device) ORDER BY device, enrolled_utc_ms",
        (device,),
    )
    return [DeviceKey(name, key, since_ms, until_ms) for name, key, since_ms, until_ms in rows]


def revoke(connection: sqlite3.Connection, device: str, now_ms: int) -> list[str]:
    """Mark the device, its certificates and its evidence key; the certificates' serials."""
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
    connection.execute(
        "UPDATE evidence_keys SET removed_utc_ms = ? WHERE device = ? AND removed_utc_ms IS NULL",
        (now_ms, device),
    )
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
