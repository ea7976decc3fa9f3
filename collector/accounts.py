"""People who use the page: one-time links, passwords (argon2id), sessions kept in the store.

Only hashes of tokens are stored. A session has a CSRF token of its own, which every request that
changes something must carry beside the cookie. Hashing runs in a thread, two at a time.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import sqlite3
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from collector.audit import Act, append
from collector.rate import RateLimit
from collector.reader import SqliteReader
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

# The path on the page that a printed one-time link leads to; the token follows it.
INVITATION_PATH = "/welcome/"
INVITATION_MS = 86_400_000
SESSION_MS = 12 * 3_600_000  # a shift, whatever happens in it
IDLE_MS = 2 * 3_600_000
SEEN_EVERY_MS = 60_000  # how often use is written down
MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_BYTES = 1024
# Per name and per address: guessing stays hopeless, a forgotten password stays bearable.
LOGIN_ATTEMPTS, LOGIN_WINDOW_SECONDS = 10, 600.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_HASHES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in. token: the cookie's value, known only here and in the browser."""

    account: str
    token: str
    csrf_token: str

    @property
    def who(self) -> str:
        """As the audit writes it."""
        return f"account:{self.account}"

    def has_csrf_token(self, offered: str) -> bool:
        """Compare a request's CSRF token in constant time."""
        return hmac.compare_digest(self.csrf_token.encode(), offered.encode())


class Accounts:
    """Accounts, invitations and sessions. Belongs to the event loop."""

    def __init__(self, writer: Writer, reader: SqliteReader, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._limit = RateLimit(LOGIN_ATTEMPTS, LOGIN_WINDOW_SECONDS)
        self._nobody = ""

    async def has_any(self) -> bool:
        """False until the first account was made."""
        row = await self._reader.read(
            lambda connection: connection.execute("SELECT 1 FROM accounts LIMIT 1").fetchone()
        )
        return row is not None

    async def invite(self, who: str) -> str:
        """A one-time token with which one account can be made within a day."""
        token = secrets.token_urlsafe(24)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "invite account"))
            connection.execute(
                "INSERT INTO invitations VALUES (?, ?)", (_hash(token), now_ms + INVITATION_MS)
            )

        await self._writer.submit(write)
        return token

    async def accept(self, token: str, name: str, password: str, address: str) -> Session:
        """Make an account with an invitation's token and log it in.

        address: the caller's, for the limit on attempts.
        Raises VigieError: RESOURCE_EXHAUSTED after too many attempts; INVALID_ARGUMENT for a name
        or password that will not do; PERMISSION_DENIED for a wrong, used or expired token;
        FAILED_PRECONDITION for a name that is taken.
        """
        self._count(f"address {address}")
        _check_name(name)
        _check_password(password)
        password_hash = await self._make_hash(password)
        session = _new_session(name)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            _use_invitation(connection, token, now_ms)
            append(connection, now_ms, Act(f"account:{name}", "make account", name))
            _make_account(connection, name, password_hash, now_ms)
            _keep_session(connection, session, now_ms)

        await self._writer.submit(write)
        return session

    async def log_in(self, name: str, password: str, address: str) -> Session:
        """A new session for a name and its password. address: the caller's.

        Raises VigieError: RESOURCE_EXHAUSTED after too many attempts for the name or from the
        address; PERMISSION_DENIED for a wrong name or password, which are not told apart.
        """
        self._count(f"address {address}")
        self._count(f"name {name}")
        now_ms = self._now_ms()
        stored = await self._reader.read(lambda connection: _password_hash(connection, name))
        # Verified for unknown names too, so that the time does not tell who exists.
        self._nobody = self._nobody or await self._make_hash(secrets.token_hex(16))
        is_right = await self._verify(stored or self._nobody, password)
        if not stored or not is_right:
            act = Act("collector", "refuse login", name, f"from {address}")
            await self._writer.submit(lambda connection: append(connection, now_ms, act))
            raise VigieError(
                Kind.PERMISSION_DENIED,
                "the name or the password is wrong",
                hint="Try again, or ask for a new one-time link.",
            )
        session = _new_session(name)

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(session.who, "log in", name, f"from {address}"))
            _keep_session(connection, session, now_ms)

        await self._writer.submit(write)
        self._limit.forget(f"name {name}")
        return session

    async def find_session(self, token: str) -> Session | None:
        """The session behind a cookie, or None when it is over."""
        now_ms = self._now_ms()
        row = await self._reader.read(lambda connection: _find_session(connection, token))
        if row is None:
            return None
        account, csrf_token, created_ms, seen_ms = row
        if now_ms >= created_ms + SESSION_MS or now_ms >= seen_ms + IDLE_MS:
            return None
        if now_ms >= seen_ms + SEEN_EVERY_MS:
            await self._writer.submit(
                lambda connection: connection.execute(
                    "UPDATE sessions SET seen_utc_ms = ? WHERE token_hash = ?",
                    (now_ms, _hash(token)),
                )
            )
        return Session(account, token, csrf_token)

    async def log_out(self, session: Session) -> None:
        """End a session at once."""
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(session.who, "log out", session.account))
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (_hash(session.token),))

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

    def _count(self, key: str) -> None:
        wait_seconds = self._limit.try_at(key, self._clock.monotonic_ns())
        if wait_seconds:
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                "too many attempts",
                hint=f"Wait {wait_seconds / 60:.0f} min, then try again.",
            )

    async def _make_hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _verify(self, stored: str, password: str) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(self._is_right, stored, password)

    def _is_right(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password[:MAX_PASSWORD_BYTES])
        except VerificationError:
            return False

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _new_session(account: str) -> Session:
    return Session(account, secrets.token_urlsafe(32), secrets.token_urlsafe(24))


def _hash(token: str) -> bytes:
    """How a random token is kept; it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{name}' cannot be an account's name",
            hint="Use lower-case letters, digits, dots and hyphens, at most 40.",
        )


def _check_password(password: str) -> None:
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_BYTES // 4:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the password has {len(password)} characters",
            hint=f"Use {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_BYTES // 4}; a sentence is good.",
        )


def _use_invitation(connection: sqlite3.Connection, token: str, now_ms: int) -> None:
    used = connection.execute(
        "DELETE FROM invitations WHERE token_hash = ? AND expires_utc_ms > ?",
        (_hash(token), now_ms),
    )
    if used.rowcount == 0:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "this one-time link is wrong, used or expired",
            hint="Ask somebody with an account for a new one. Before the first account: restart "
            "the collector.",
        )


def _make_account(
    connection: sqlite3.Connection, name: str, password_hash: str, now_ms: int
) -> None:
    made = connection.execute(
        "INSERT OR IGNORE INTO accounts (name, password_hash, created_utc_ms) VALUES (?, ?, ?)",
        (name, password_hash, now_ms),
    )
    if made.rowcount == 0:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"there is an account {name} already",
            hint="Choose another name; the link is still good.",
        )


def _keep_session(connection: sqlite3.Connection, session: Session, now_ms: int) -> None:
    connection.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
        (_hash(session.token), session.account, session.csrf_token, now_ms, now_ms),
    )


def _password_hash(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute(
        "SELECT password_hash FROM accounts WHERE name = ? AND is_active", (name,)
    ).fetchone()
    return str(row[0]) if row else None


def _find_session(connection: sqlite3.Connection, token: str) -> tuple[str, str, int, int] | None:
    row = connection.execute(
        "SELECT s.account, s.csrf_token, s.created_utc_ms, s.seen_utc_ms FROM sessions s "
        "JOIN accounts a ON a.name = s.account AND a.is_active WHERE s.token_hash = ?",
        (_hash(token),),
    ).fetchone()
    return (row[0], row[1], row[2], row[3]) if row else None
