"""Accounts, invitations and sessions as rows; each function runs in its caller's transaction."""

import secrets
import sqlite3
from typing import NamedTuple

from collector.rights import Role
from edge.errors import Kind, VigieError

_USER_HANDLE_BYTES = 32  # what passkeys call the account: it tells nobody the name


class SessionRow(NamedTuple):
    """A session joined with its active account. Times in UTC ms."""

    account: str
    csrf_token: str
    created_utc_ms: int
    seen_utc_ms: int
    role: Role
    stepped_up_utc_ms: int | None


class AccountRow(NamedTuple):
    """One account, for the list of them."""

    name: str
    role: Role
    created_utc_ms: int
    is_active: bool


def invite(connection: sqlite3.Connection, token_hash: bytes, role: Role, until_ms: int) -> None:
    """Keep an invitation."""
    connection.execute(
        "INSERT INTO invitations (token_hash, expires_utc_ms, role) VALUES (?, ?, ?)",
        (token_hash, until_ms, role.value),
    )


def use_invitation(connection: sqlite3.Connection, token_hash: bytes, now_ms: int) -> Role:
    """Spend an invitation; the role it was for. Raises VigieError(PERMISSION_DENIED)."""
    used = connection.execute(
        "DELETE FROM invitations WHERE token_hash = ? AND expires_utc_ms > ? RETURNING role",
        (token_hash, now_ms),
    ).fetchone()
    if used is None:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "this one-time link is wrong, used or expired",
            hint="Ask a supervisor for a new one. Before the first account: restart the collector.",
        )
    return Role(used[0])


def make_account(
    connection: sqlite3.Connection, name: str, password_hash: str, role: Role, now_ms: int
) -> None:
    """Keep a new account. Raises VigieError(FAILED_PRECONDITION) for a name that is taken."""
    made = connection.execute(
        "INSERT OR IGNORE INTO accounts (name, password_hash, created_utc_ms, role, user_handle) "
        "VALUES (?, ?, ?, ?, ?)",
        (name, password_hash, now_ms, role.value, secrets.token_bytes(_USER_HANDLE_BYTES)),
    )
    if made.rowcount == 0:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"there is an account {name} already",
            hint="Choose another name; the link is still good.",
        )


def close_account(connection: sqlite3.Connection, name: str) -> None:
    """Nobody logs in under the name any more, and whoever is logged in is out.

    Raises VigieError: NOT_FOUND for no such open account; FAILED_PRECONDITION for the last
    supervisor, without whom nobody could be let in again.
    """
    row = connection.execute(
        "SELECT role FROM accounts WHERE name = ? AND is_active", (name,)
    ).fetchone()
    if row is None:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no open account {name}",
            hint="Choose one from the list of accounts.",
        )
    supervisors = connection.execute(
        "SELECT count(*) FROM accounts WHERE is_active AND role = ?", (Role.SUPERVISOR.value,)
    ).fetchone()[0]
    if row[0] == Role.SUPERVISOR.value and supervisors == 1:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"{name} is the last supervisor",
            hint="Invite another supervisor first.",
        )
    connection.execute("UPDATE accounts SET is_active = 0 WHERE name = ?", (name,))
    end_sessions(connection, name, None)
    connection.execute("DELETE FROM passkeys WHERE account = ?", (name,))


def list_accounts(connection: sqlite3.Connection) -> list[AccountRow]:
    """All accounts, closed ones too, by name."""
    rows = connection.execute(
        "SELECT name, role, created_utc_ms, is_active FROM accounts ORDER BY name"
    )
    return [AccountRow(name, Role(role), made_ms, bool(on)) for name, role, made_ms, on in rows]


def keep_session(
    connection: sqlite3.Connection, token_hash: bytes, account: str, csrf_token: str, now_ms: int
) -> None:
    """Keep a session that begins now; a login proves the person, so it is stepped up."""
    connection.execute(
        "INSERT INTO sessions (token_hash, account, csrf_token, created_utc_ms, seen_utc_ms, "
        "stepped_up_utc_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (token_hash, account, csrf_token, now_ms, now_ms, now_ms),
    )


def end_sessions(connection: sqlite3.Connection, account: str, kept: bytes | None) -> None:
    """End all sessions of an account, but one. kept: its token's hash."""
    connection.execute(
        "DELETE FROM sessions WHERE account = ? AND token_hash IS NOT ?", (account, kept)
    )


def keep_step_up(connection: sqlite3.Connection, token_hash: bytes, now_ms: int) -> None:
    """Keep when a session's person was last proven."""
    connection.execute(
        "UPDATE sessions SET stepped_up_utc_ms = ? WHERE token_hash = ?", (now_ms, token_hash)
    )


def get_password_hash(connection: sqlite3.Connection, name: str) -> str | None:
    """The stored hash of an open account."""
    row = connection.execute(
        "SELECT password_hash FROM accounts WHERE name = ? AND is_active", (name,)
    ).fetchone()
    return str(row[0]) if row else None


def get_role(connection: sqlite3.Connection, name: str) -> Role | None:
    """The role of an open account."""
    row = connection.execute(
        "SELECT role FROM accounts WHERE name = ? AND is_active", (name,)
    ).fetchone()
    return Role(row[0]) if row else None


def find_session(connection: sqlite3.Connection, token_hash: bytes) -> SessionRow | None:
    """The session behind a token, if its account is open."""
    row = connection.execute(
        "SELECT s.account, s.csrf_token, s.created_utc_ms, s.seen_utc_ms, a.role, "
        "s.stepped_up_utc_ms FROM sessions s "
        "JOIN accounts a ON a.name = s.account AND a.is_active WHERE s.token_hash = ?",
        (token_hash,),
    ).fetchone()
    return SessionRow(row[0], row[1], row[2], row[3], Role(row[4]), row[5]) if row else None
