"""Challenges: random values that a passkey signs, each good once, soon, and for one owner."""

import secrets
from collections import OrderedDict
from enum import Enum
from typing import NamedTuple

from edge.clock import Clock
from edge.errors import Kind, VigieError

CHALLENGE_SECONDS = 120
MAX_CHALLENGES = 10_000  # the oldest goes first
_CHALLENGE_BYTES = 32


class Purpose(Enum):
    """What a challenge may be answered for."""

    REGISTER = "register"
    LOG_IN = "log in"
    STEP_UP = "step up"


class _Open(NamedTuple):
    challenge: bytes
    expires_ns: int


class Challenges:
    """What waits for an answer, in memory: a restart only means to ask once more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[tuple[Purpose, bytes], _Open] = OrderedDict()

    def make(self, purpose: Purpose, owner: bytes) -> bytes:
        """A challenge for one purpose of one owner; one that waited there is void.

        owner: the hash of a session's token, or of a ticket before there is a session.
        """
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        expires_ns = self._clock.monotonic_ns() + CHALLENGE_SECONDS * 1_000_000_000
        self._open.pop((purpose, owner), None)
        self._open[purpose, owner] = _Open(challenge, expires_ns)
        while len(self._open) > MAX_CHALLENGES:
            self._open.popitem(last=False)
        return challenge

    def take(self, purpose: Purpose, owner: bytes) -> bytes:
        """The challenge that waits, which is spent by this.

        Raises VigieError(FAILED_PRECONDITION) where none waits any more.
        """
        waiting = self._open.pop((purpose, owner), None)
        if waiting is None or self._clock.monotonic_ns() >= waiting.expires_ns:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "nothing waits for this passkey's answer any more",
                hint=f"Begin again; there are {CHALLENGE_SECONDS // 60} minutes to answer.",
            )
        return waiting.challenge
