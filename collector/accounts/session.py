"""A person who is logged in: what the browser holds, what the store keeps of it, how long.

A session has a CSRF token of its own, which every request that changes something must carry
beside the cookie.
"""

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass, replace

from collector.accounts import rows
from collector.audit import Act, append
from collector.rights import Role

SESSION_MS = 12 * 3_600_000  # a shift, whatever happens in it
IDLE_MS = 2 * 3_600_000
SEEN_EVERY_MS = 60_000  # how often use is written down
STEPPED_UP_MS = 10 * 60_000  # one clip's work, not a shift's


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in.

    token: the cookie's value, known only here and in the browser. stepped_up_utc_ms: when the
    person last proved to be there; None: not in this session.
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

    @property
    def token_hash(self) -> bytes:
        """How the store names it."""
        return hash_token(self.token)

    def has_csrf_token(self, offered: str) -> bool:
        """Compare a request's CSRF token in constant time."""
        return hmac.compare_digest(self.csrf_token.encode(), offered.encode())


def begin_session(connection: sqlite3.Connection, account: str, role: Role, now_ms: int) -> Session:
    """A new session within the writer's transaction; its beginning is written down before."""
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    session = Session(account, role, token, csrf_token, now_ms)
    rows.keep_session(connection, session.token_hash, account, csrf_token, now_ms)
    return session


def step_up(connection: sqlite3.Connection, session: Session, proof: str, now_ms: int) -> Session:
    """The same session, its person proven just now, once that is written down. proof: by what."""
    append(connection, now_ms, Act(session.who, "step up", session.account, proof))
    rows.keep_step_up(connection, session.token_hash, now_ms)
    return replace(session, stepped_up_utc_ms=now_ms)


def hash_token(token: str) -> bytes:
    """How a random token is kept; it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()
