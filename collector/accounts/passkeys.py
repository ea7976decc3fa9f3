"""Passkeys: how an account gets one, comes in by it, proves by it to be there, and loses it.

Passwords stay as the other road; both share one count of attempts. Whatever is granted, kept or
removed is written down in the same transaction, and a refusal before it is told.
"""

import secrets
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from collector.accounts import ceremony, passkey_rows, rows
from collector.accounts.attempts import Attempts
from collector.accounts.challenges import Challenges, Purpose
from collector.accounts.origin import Origin
from collector.accounts.passkey_rows import KnownPasskey, PasskeyRow
from collector.accounts.session import Session, begin_session, hash_token, step_up
from collector.audit import Act, append
from collector.reader import SqliteReader
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

MAX_NAME_CHARS = 40


class _Proven(NamedTuple):
    """A passkey that answered rightly, and its new counter."""

    passkey: KnownPasskey
    sign_count: int


class Passkeys:
    """The passkeys of all accounts. Belongs to the event loop.

    origin: the page's address; None: nobody said it, and passkeys can only be listed and removed.
    """

    def __init__(
        self,
        writer: Writer,
        reader: SqliteReader,
        attempts: Attempts,
        clock: Clock,
        origin: Origin | None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._attempts = attempts
        self._clock = clock
        self._origin = origin
        self._challenges = Challenges(clock)

    @property
    def are_possible(self) -> bool:
        """Whether the collector knows its page's address."""
        return self._origin is not None

    async def count(self, account: str) -> int:
        """How many an account has."""
        found = await self._reader.read(
            lambda connection: passkey_rows.list_credentials(connection, account)
        )
        return len(found)

    async def list_of(self, account: str, who: str) -> list[PasskeyRow]:
        """An account's passkeys, once the reading is audited."""
        now_ms = self._now_ms()
        act = Act(who, "list passkeys", account)
        await self._writer.submit(lambda connection: append(connection, now_ms, act))
        return await self._reader.read(
            lambda connection: passkey_rows.list_passkeys(connection, account)
        )

    async def begin_registration(self, session: Session) -> ceremony.Options:
        """What the browser is to ask a new passkey. Raises VigieError(FAILED_PRECONDITION)."""
        origin = self._require_origin()
        account = session.account

        def read(connection: sqlite3.Connection) -> tuple[bytes, list[bytes]]:
            handle = passkey_rows.get_user_handle(connection, account)
            return handle, passkey_rows.list_credentials(connection, account)

        user_handle, known = await self._reader.read(read)
        challenge = self._challenges.make(Purpose.REGISTER, session.token_hash)
        return ceremony.ask_for_new(origin, account, user_handle, known, challenge)

    async def register(self, session: Session, name: str, answer: str) -> None:
        """Keep the passkey that answered `begin_registration`. answer: the browser's JSON.

        Raises VigieError: INVALID_ARGUMENT for a name that will not do; FAILED_PRECONDITION where
        nothing waits for it, or the name is taken; PERMISSION_DENIED for a wrong answer.
        """
        origin = self._require_origin()
        _check_name(name)
        now_ms = self._now_ms()
        challenge = self._challenges.take(Purpose.REGISTER, session.token_hash)
        try:
            half = ceremony.verify_new(origin, challenge, answer)
        except VigieError as refused:
            act = Act(session.who, "refuse passkey", session.account, refused.what)
            await self._writer.submit(lambda connection: append(connection, now_ms, act))
            raise

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(session.who, "register passkey", session.account, name))
            passkey_rows.keep_passkey(connection, session.account, name, half, now_ms)

        await self._writer.submit(write)

    async def remove(
        self, account: str, name: str, who: str, *, kept: Session | None = None
    ) -> None:
        """A passkey opens nothing from now on, and what it may have opened is over.

        A session does not remember how it began, so all of the account's end but `kept`: the one
        of the person who removes it. Raises VigieError(NOT_FOUND).
        """
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            append(connection, now_ms, Act(who, "remove passkey", account, name))
            passkey_rows.remove_passkey(connection, account, name)
            rows.end_sessions(connection, account, kept.token_hash if kept else None)

        await self._writer.submit(write)

    def begin_login(self, address: str) -> tuple[str, ceremony.Options]:
        """A ticket for the browser that asks, and what it is to ask any passkey of this page.

        Raises VigieError: RESOURCE_EXHAUSTED after too many from the address;
        FAILED_PRECONDITION.
        """
        origin = self._require_origin()
        self._attempts.count_address(address)
        ticket = secrets.token_urlsafe(24)
        challenge = self._challenges.make(Purpose.LOG_IN, hash_token(ticket))
        return ticket, ceremony.ask_for_proof(origin, (), challenge)

    async def log_in(self, ticket: str, answer: str, address: str) -> Session:
        """A new session for whoever's passkey answered `begin_login`. address: the caller's.

        Raises VigieError: RESOURCE_EXHAUSTED after too many attempts for the account or from the
        address; FAILED_PRECONDITION where nothing waits; PERMISSION_DENIED for a wrong answer.
        """
        owner = hash_token(ticket)
        proven = await self._prove(Purpose.LOG_IN, owner, answer, address, None)
        passkey, now_ms = proven.passkey, self._now_ms()

        def write(connection: sqlite3.Connection) -> Session:
            name = passkey.account
            how = f"passkey {passkey.name}, from {address}"
            append(connection, now_ms, Act(f"account:{name}", "log in", name, how))
            _use(connection, proven, now_ms)
            return begin_session(connection, name, passkey.role, now_ms)

        return await self._grant(write, proven, address)

    async def begin_step_up(self, session: Session) -> ceremony.Options:
        """What the browser is to ask one of the account's passkeys.

        Raises VigieError(FAILED_PRECONDITION) where it has none.
        """
        origin = self._require_origin()
        known = await self._reader.read(
            lambda connection: passkey_rows.list_credentials(connection, session.account)
        )
        if not known:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"{session.account} has no passkey",
                hint="Give your password, or add a passkey on the page of your account.",
            )
        challenge = self._challenges.make(Purpose.STEP_UP, session.token_hash)
        return ceremony.ask_for_proof(origin, known, challenge)

    async def step_up(self, session: Session, answer: str, address: str) -> Session:
        """The same session, its person proven by one of the account's passkeys.

        Raises VigieError as `log_in` does.
        """
        owner = session.token_hash
        proven = await self._prove(Purpose.STEP_UP, owner, answer, address, session.account)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> Session:
            stepped_up = step_up(connection, session, f"passkey {proven.passkey.name}", now_ms)
            _use(connection, proven, now_ms)
            return stepped_up

        return await self._grant(write, proven, address)

    async def _prove(
        self, purpose: Purpose, owner: bytes, answer: str, address: str, account: str | None
    ) -> _Proven:
        """The passkey that answered, verified; a refusal is written down before it is raised.

        account: the only one whose passkey will do; None: whichever account's.
        """
        origin = self._require_origin()
        name = account or ""
        if account is not None:
            self._attempts.count_address(address)
        try:
            challenge = self._challenges.take(purpose, owner)
            proof = ceremony.read_proof(answer)
            passkey = await self._reader.read(
                lambda connection: passkey_rows.find_passkey(connection, proof.raw_id)
            )
            if passkey is None or account not in (None, passkey.account):
                raise _not_known()
            name = passkey.account
            self._attempts.count_name(name)
            handle = proof.response.user_handle
            # A login is by a discoverable passkey, which says whose it is.
            if handle != passkey.user_handle and (handle is not None or account is None):
                raise _not_known()
            sign_count = ceremony.verify_proof(origin, challenge, proof, passkey.half)
        except VigieError as refused:
            await self._write_refusal(name, address, refused)
            raise
        return _Proven(passkey, sign_count)

    async def _grant(
        self, write: Callable[[sqlite3.Connection], Session], proven: _Proven, address: str
    ) -> Session:
        """Do it, unless the passkey was removed or used again since it was verified."""
        name = proven.passkey.account
        try:
            session = await self._writer.submit(write)
        except VigieError as refused:
            if refused.kind is Kind.PERMISSION_DENIED:
                await self._write_refusal(name, address, refused)
            raise
        self._attempts.forget_name(name)
        return session

    async def _write_refusal(self, name: str, address: str, refused: VigieError) -> None:
        await self._attempts.write_refusal(name, f"passkey, from {address}: {refused.what}")

    def _require_origin(self) -> Origin:
        if self._origin is None:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "the collector was not told its page's address, to which passkeys are bound",
                hint="Start it with --page-origin https://NAME, as people open the page.",
            )
        return self._origin

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _use(connection: sqlite3.Connection, proven: _Proven, now_ms: int) -> None:
    credential_id = proven.passkey.half.credential_id
    if not passkey_rows.use_passkey(connection, credential_id, proven.sign_count, now_ms):
        raise _not_known()


def _not_known() -> VigieError:
    return VigieError(
        Kind.PERMISSION_DENIED,
        "this passkey opens no account here",
        hint="Try another one, or give your password.",
    )


def _check_name(name: str) -> None:
    if not (name == name.strip() and 0 < len(name) <= MAX_NAME_CHARS and name.isprintable()):
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{name[:MAX_NAME_CHARS]}' cannot be a passkey's name",
            hint=f"Use 1 to {MAX_NAME_CHARS} characters, such as: blue key.",
        )
