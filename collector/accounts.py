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
from dataclasses import dataclass, replace

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from collector import account_rows
from collector.account_rows import AccountRow
from collector.audit import Act, append
from collector.rate import RateLimit
from collector.reader import SqliteReader
from collector.rights import Role
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

# The path on the page that a printed one-time link leads to; the token follows it.
INVITATION_PATH = "/welcome/"
INVITATION_MS = 86_400_000
SESSION_MS = 12 * 3_600_000  # a shift, whatever happens in it
IDLE_MS = 2 * 3_600_000
SEEN_EVERY_MS = 60_000  # how often use is written down
STEPPED_UP_MS = 10 * 60_000  # one clip's work, not a shift's
MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_BYTES = 1024
# Per name and per address: guessing stays hopeless, a forgotten password stays bearable.
LOGIN_ATTEMPTS, LOGIN_WINDOW_SECONDS = 10, 600.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_HASHES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in.

    token: the cookie's value, known only here and in the browser. stepped_up_utc_ms: when the
    person last proved to be there by password; None: not in this session.
    """

    account: str
    role: Role
    token: str
    csrf_token: str
    stepped_up_utc_ms: int | None = None

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

    async def invite(self, who: str, role: Role) -> str:
        """A one-time token with which one account of this role can be made within a day."""
        token = secrets.token_urlsafe(24)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "invite account", role.value))
            account_rows.invite(connection, _hash(token), role, now_ms + INVITATION_MS)

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
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> Session:
            role = account_rows.use_invitation(connection, _hash(token), now_ms)
            append(connection, now_ms, Act(f"account:{name}", "make account", name, role.value))
            account_rows.make_account(connection, name, password_hash, role, now_ms)
            return _begin_session(connection, name, role, now_ms)

        return await self._writer.submit(write)

    async def log_in(self, name: str, password: str, address: str) -> Session:
        """A new session for a name and its password. address: the caller's.

        Raises VigieError: RESOURCE_EXHAUSTED after too many attempts for the name or from the
        address; PERMISSION_DENIED for a wrong name or password, which are not told apart.
        """
        await self._check_password_of(name, password, address)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> Session:
            role = account_rows.get_role(connection, name)
            if role is None:
                raise _wrong_login()
            append(connection, now_ms, Act(f"account:{name}", "log in", name, f"from {address}"))
            return _begin_session(connection, name, role, now_ms)

        session = await self._writer.submit(write)
        self._limit.forget(f"name {name}")
        return session

    async def step_up(self, session: Session, password: str, address: str) -> Session:
        """The same session, its person proven again for what needs it (a clip, a hold).

        Raises VigieError as `log_in` does.
        """
        await self._check_password_of(session.account, password, address)
        return await self.mark_stepped_up(session, "password")

    async def mark_stepped_up(self, session: Session, proof: str) -> Session:
        """Write down that the session's person was proven just now. proof: by what."""
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(session.who, "step up", session.account, proof))
            connection.execute(
                "UPDATE sessions SET stepped_up_utc_ms = ? WHERE token_hash = ?",
                (now_ms, _hash(session.token)),
            )

        await self._writer.submit(write)
        return replace(session, stepped_up_utc_ms=now_ms)

    def check_stepped_up(self, session: Session) -> None:
        """Raise VigieError(FAILED_PRECONDITION) where the last proof is too long ago."""
        proven_ms = session.stepped_up_utc_ms
        if proven_ms is None or self._now_ms() >= proven_ms + STEPPED_UP_MS:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "for a clip you must prove again that it is you",
                hint="Give your password once more.",
            )

    async def list_all(self, who: str) -> list[AccountRow]:
        """Every account, once the reading is audited."""
        now_ms = self._now_ms()
        act = Act(who, "list accounts")
        await self._writer.submit(lambda connection: append(connection, now_ms, act))
        return await self._reader.read(account_rows.list_accounts)

    async def close(self, name: str, who: str) -> None:
        """Shut an account and end its sessions.

        Raises VigieError: NOT_FOUND; FAILED_PRECONDITION for the last supervisor.
        """
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "close account", name))
            account_rows.close_account(connection, name)

        await self._writer.submit(write)

    async def find_session(self, token: str) -> Session | None:
        """The session behind a cookie, or None when it is over."""
        now_ms = self._now_ms()
        row = await self._reader.read(
            lambda connection: account_rows.find_session(connection, _hash(token))
        )
        if row is None:
            return None
        if now_ms >= row.created_utc_ms + SESSION_MS or now_ms >= row.seen_utc_ms + IDLE_MS:
            return None
        if now_ms >= row.seen_utc_ms + SEEN_EVERY_MS:
            await self._writer.submit(
                lambda connection: connection.execute(
                    "UPDATE sessions SET seen_utc_ms = ? WHERE token_hash = ?",
                    (now_ms, _hash(token)),
                )
            )
        return Session(row.account, row.role, token, row.csrf_token, row.stepped_up_utc_ms)

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

    async def _check_password_of(self, name: str, password: str, address: str) -> None:
        """Raise where the password is not the name's; attempts are counted, failures audited."""
        self._count(f"address {address}")
        self._count(f"name {name}")
        now_ms = self._now_ms()
        stored = await self._reader.read(
            lambda connection: account_rows.get_password_hash(connection, name)
        )
        # Verified for unknown names too, so that the time does not tell who exists.
        self._nobody = self._nobody or await self._make_hash(secrets.token_hex(16))
        is_right = await self._verify(stored or self._nobody, password)
        if not stored or not is_right:
            act = Act("collector", "refuse login", name, f"from {address}")
            await self._writer.submit(lambda connection: append(connection, now_ms, act))
            raise _wrong_login()

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


def _begin_session(
    connection: sqlite3.Connection, account: str, role: Role, now_ms: int
) -> Session:
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    session = Session(account, role, token, csrf_token, now_ms)
    account_rows.keep_session(connection, _hash(token), account, csrf_token, now_ms)
    return session


def _wrong_login() -> VigieError:
    return VigieError(
        Kind.PERMISSION_DENIED,
        "the name or the password is wrong",
        hint="Try again, or ask a supervisor for a new one-time link.",
    )


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
