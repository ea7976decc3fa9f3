"""Passwords: what one must be, and argon2id of it. Hashing runs in a thread, two at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from edge.errors import Kind, VigieError

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_BYTES = 1024
_HASHES_AT_ONCE = 2


class Passwords:
    """Makes and compares hashes. Belongs to the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._nobody = ""

    async def make_hash(self, password: str) -> str:
        """What the store keeps of a password."""
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one.

        stored: None for an unknown name; that takes as long, so the time does not tell who exists.
        """
        self._nobody = self._nobody or await self.make_hash(secrets.token_hex(16))
        async with self._hashing:
            is_right = await asyncio.to_thread(self._verify, stored or self._nobody, password)
        return is_right and bool(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password[:MAX_PASSWORD_BYTES])
        except VerificationError:
            return False


def check_password(password: str) -> None:
    """Raise VigieError(INVALID_ARGUMENT) for a new password that is too short or too long."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_BYTES // 4:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the password has {len(password)} characters",
            hint=f"Use {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_BYTES // 4}; a sentence is good.",
        )
