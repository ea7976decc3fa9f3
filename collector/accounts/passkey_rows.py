"""Passkeys as rows; each function runs in its caller's transaction."""

import sqlite3
from typing import NamedTuple

from collector.accounts.ceremony import PublicHalf
from collector.rights import Role
from edge.errors import Kind, VigieError

MAX_PASSKEYS = 10  # of one account


class PasskeyRow(NamedTuple):
    """One passkey of an account. Times in UTC ms; used_utc_ms: None before its first use."""

    name: str
    created_utc_ms: int
    used_utc_ms: int | None


class KnownPasskey(NamedTuple):
    """A passkey of an open account, as needed to verify it."""

    account: str
    role: Role
    user_handle: bytes
    name: str
    half: PublicHalf


def list_passkeys(connection: sqlite3.Connection, account: str) -> list[PasskeyRow]:
    """An account's passkeys, the oldest first."""
    rows = connection.execute(
        "SELECT name, created_utc_ms, used_utc_ms FROM passkeys WHERE account = ? "
        "ORDER BY created_utc_ms, name",
        (account,),
    )
    return [PasskeyRow(*row) for row in rows]


def list_credentials(connection: sqlite3.Connection, account: str) -> list[bytes]:
    """The ids of an account's passkeys."""
    rows = connection.execute("SELECT credential_id FROM passkeys WHERE account = ?", (account,))
    return [bytes(row[0]) for row in rows]


def get_user_handle(connection: sqlite3.Connection, account: str) -> bytes:
    """What passkeys call an account."""
    row = connection.execute(
        "SELECT user_handle FROM accounts WHERE name = ?", (account,)
    ).fetchone()
    return bytes(row[0])


def find_passkey(connection: sqlite3.Connection, credential_id: bytes) -> KnownPasskey | None:
    """The passkey of that id, if its account is open."""
    row = connection.execute(
        "SELECT p.account, a.role, a.user_handle, p.name, p.public_key, p.sign_count "
        "FROM passkeys p JOIN accounts a ON a.name = p.account AND a.is_active "
        "WHERE p.credential_id = ?",
        (credential_id,),
    ).fetchone()
    if row is None:
        return None
    half = PublicHalf(credential_id, bytes(row[4]), row[5])
    return KnownPasskey(row[0], Role(row[1]), bytes(row[2]), row[3], half)


def keep_passkey(
    connection: sqlite3.Connection, account: str, name: str, half: PublicHalf, now_ms: int
) -> None:
    """Keep a new passkey.

    Raises VigieError: RESOURCE_EXHAUSTED for one too many; FAILED_PRECONDITION for a name or a
    credential that is there already.
    """
    if len(list_credentials(connection, account)) >= MAX_PASSKEYS:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"an account has at most {MAX_PASSKEYS} passkeys",
            hint="Remove one that you no longer use.",
        )
    made = connection.execute(
        "INSERT OR IGNORE INTO passkeys (credential_id, account, name, public_key, sign_count, "
        "created_utc_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (half.credential_id, account, name, half.public_key, half.sign_count, now_ms),
    )
    if made.rowcount == 0:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"there is a passkey {name} already, or this one is known",
            hint="Choose another name.",
        )


def use_passkey(
    connection: sqlite3.Connection, credential_id: bytes, sign_count: int, now_ms: int
) -> bool:
    """Keep a use and its counter; False where it was removed or used meanwhile."""
    used = connection.execute(
        "UPDATE passkeys SET sign_count = ?, used_utc_ms = ? "
        "WHERE credential_id = ? AND (sign_count < ? OR sign_count = 0 AND ? = 0)",
        (sign_count, now_ms, credential_id, sign_count, sign_count),
    )
    return used.rowcount == 1


def remove_passkey(connection: sqlite3.Connection, account: str, name: str) -> None:
    """The passkey opens nothing from now on. Raises VigieError(NOT_FOUND)."""
    removed = connection.execute(
        "DELETE FROM passkeys WHERE account = ? AND name = ?", (account, name)
    )
    if removed.rowcount == 0:
        raise VigieError(
            Kind.NOT_FOUND,
            f"{account} has no passkey {name}",
            hint="Choose one from the list of passkeys.",
        )
