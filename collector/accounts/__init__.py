"""People who use the page: one-time links, passwords, passkeys, sessions kept in the store.

May say who somebody is; what they may do is `collector/rights.py`. Nothing of a secret is stored
but hashes of tokens, argon2id of passwords and the public halves of passkeys. Start at
`people.py`, then `passkeys.py`.
"""

from collector.accounts.attempts import LOGIN_ATTEMPTS, LOGIN_WINDOW_SECONDS
from collector.accounts.people import INVITATION_MS, INVITATION_PATH, Accounts
from collector.accounts.session import IDLE_MS, SESSION_MS, STEPPED_UP_MS, Session

__all__ = [
    "IDLE_MS",
    "INVITATION_MS",
    "INVITATION_PATH",
    "LOGIN_ATTEMPTS",
    "LOGIN_WINDOW_SECONDS",
    "SESSION_MS",
    "STEPPED_UP_MS",
    "Accounts",
    "Session",
]
