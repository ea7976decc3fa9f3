"""Accounts: how one is made by a one-time link, opened by its password, and closed."""

import re
import secrets
import sqlite3

from collector.accounts import rows
from collector.accounts.attempts import Attempts
from collector.accounts.passwords import Passwords, check_password
from collector.accounts.rows import AccountRow
from collector.accounts.session import (
    IDLE_MS,
    SEEN_EVERY_MS,
    SESSION_MS,
    STEPPED_UP_MS,
    Session,
    begin_session,
    hash_token,
    step_up,
)
from collector.audit import Act, append
from collector.reader import SqliteReader
from collector.rights import Role
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

# The path on the page that a printed one-time link leads to; the token follows it.
INVITATION_PATH = "/welcome/"
INVITATION_MS = 86_400_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class Accounts:
    """Accounts, invitations and sessions. Belongs to the event loop."""

    def __init__(
        self, writer: Writer, reader: SqliteReader, attempts: Attempts, clock: Clock
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._attempts = attempts
        self._clock = clock
        self._passwords = Passwords()

    async def has_any(self) -> bool:
        """False until the first account was made."""
        row = await self._reader.read(
            lambda connection: connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone()
        )
        return row is not None

    async def invite(self, who: str, role: Role) -> str:
        """A one-time token with which one account of this role can be made within a day."""
        token = secrets.token_urlsafe(24)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "invite account", role.value))
            rows.invite(connection, hash_token(token), role, now_ms + INVITATION_MS)

        await self._writer.submit(write)
        return token

    async def accept(self, token: str, name: str, password: str, address: str) -> Session:
        """Make an account with an invitation's token and log it in.

        address: the caller's, for the limit on attempts.
        Raises VigieError: RESOURCE_EXHAUSTED after too many attempts; INVALID_ARGUMENT for a name
        or password that will not do; PERMISSION_DENIED for a wrong, used or expired token;
        FAILED_PRECONDITION for a name that is taken.
        """
        self._attempts.count_address(address)
        _check_name(name)
        check_password(password)
        password_hash = await self._passwords.make_hash(password)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> Session:
            role = rows.use_invitation(connection, hash_token(token), now_ms)
            append(connection, now_ms, Act(f"account:{name}", "make account", name, role.value))
            rows.make_account(connection, name, password_hash, role, now_ms)
            return begin_session(connection, name, role, now_ms)

        return await self._writer.submit(write)

    async def log_in(self, name: str, password: str, address: str) -> Session:
        """A new session for a name and its password. address: the caller's.

        Raises VigieError: RESOURCE_EXHAUSTED after too many attempts for the name or from the
        address; PERMISSION_DENIED for a wrong name or password, which are not told apart.
        """
        await self._check_password_of(name, password, address)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> Session:
            role = rows.get_role(connection, name)
            if role is None:
                raise _wrong_login()
            append(connection, now_ms, Act(f"account:{name}", "log in", name, f"from {address}"))
            return begin_session(connection, name, role, now_ms)

        session = await self._writer.submit(write)
        self._attempts.forget_name(name)
        return session

    async def step_up(self, session: Session, password: str, address: str) -> Session:
        """The same session, its person proven again for what needs it (a clip, a hold).

        Raises VigieError as `log_in` does.
        """
        await self._check_password_of(session.account, password, address)
        now_ms = self._now_ms()
        return await self._writer.submit(
            lambda connection: step_up(connection, session, "password", now_ms)
        )

    def check_stepped_up(self, session: Session) -> None:
        """Raise VigieError(FAILED_PRECONDITION) where the last proof is too long ago."""
        proven_ms = session.stepped_up_utc_ms
        if proven_ms is None or self._now_ms() >= proven_ms + STEPPED_UP_MS:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "for this you must prove again that it is you",
                hint="Give your password or a passkey once more.",
            )

    async def list_all(self, who: str) -> list[AccountRow]:
        """Every account, once the reading is audited."""
        now_ms = self._now_ms()
        act = Act(who, "list accounts")
        await self._writer.submit(lambda connection: append(connection, now_ms, act))
        return await self._reader.read(rows.list_accounts)

    async def close(self, name: str, who: str) -> None:
        """Shut an account and end its sessions.

        Raises VigieError: NOT_FOUND; FAILED_PRECONDITION for the last supervisor.
        """
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "close account", name))
            rows.close_account(connection, name)

        await self._writer.submit(write)

    async def find_session(self, token: str) -> Session | None:
        """The session behind a cookie, or None when it is over."""
        now_ms = self._now_ms()
        row = await self._reader.read(
            lambda connection: rows.find_session(connection, hash_token(token))
        )
        if row is None:
            return None
        if now_ms >= row.created_utc_ms + SESSION_MS or now_ms >= row.seen_utc_ms + IDLE_MS:
            return None
        if now_ms >= row.seen_utc_ms + SEEN_EVERY_MS:
            await self._writer.submit(
                lambda connection: connection.execute(
                    "UPDATE sessions SET seen_utc_ms = ? WHERE token_hash = ?",
                    (now_ms, hash_token(token)),
                )
            )
        return Session(row.account, row.role, token, row.csrf_token, row.stepped_up_utc_ms)

    async def log_out(self, session: Session) -> None:
        """End a session at once."""
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(session.who, "log out", session.account))
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (session.token_hash,))

        await self._writer.submit(write)

    async def delete_expired(self) -> None:
        """Remove sessions and invitations that are over."""
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM sessions WHERE created_utc_ms <= ?", (now_ms - SESSION_MS,)
            )
            connection.execute("DELETE FROM invitations WHERE expires_utc_ms <= ?", (now_ms,))

        await self._writer.submit(write)

    async def _check_password_of(self, name: str, password: str, address: str) -> None:
        """Raise where the password is not the name's; attempts are counted, failures audited."""
        self._attempts.count_address(address)
        self._attempts.count_name(name)
        stored = await self._reader.read(
            lambda connection: rows.get_password_hash(connection, name)
        )
        if not await self._passwords.is_right(stored, password):
            await self._attempts.write_refusal(name, f"from {address}")
            raise _wrong_login()

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _wrong_login() -> VigieError:
    return VigieError(
        Kind.PERMISSION_DENIED,
        "the name or the password is wrong",
        hint="Try again, or ask a supervisor for a new one-time link.",
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{name}' cannot be an account's name",
            hint="Use lower-case letters, digits, dots and hyphens, at most 40.",
        )
