"""The pole's identity as it changes: a new certificate in time, and a second channel that has it.

Fact 14: gRPC freezes credentials when a channel is made, so the stream moves to a channel with the
new certificate, and only then does the old one close.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

import grpc

from edge.clock import Clock
from edge.enrolment.certificate import get_credentials, renew
from edge.enrolment.channel import make_channel, wait_ready
from edge.enrolment.diagnosis import find_reason
from edge.enrolment.identity import Identity, IdentityDirectory
from edge.errors import VigieError
from edge.link.journal import note
from edge.wire.v1 import session_pb2

RETRY_SECONDS = 3600.0


class Renewal:
    """Owns the identity in force. Belongs to one event loop."""

    def __init__(
        self,
        directory: IdentityDirectory,
        *,
        clock: Clock,
        rng: random.Random,
        ready: Callable[[], Awaitable[None]],
        tell: Callable[[session_pb2.Answer], Awaitable[None]],
    ) -> None:
        """ready: awaited when a channel waits to be taken. tell: takes the answer to a command.

        Raises IdentityError when the pole is not enrolled.
        """
        self._directory = directory
        self.identity: Identity = directory.read_identity()
        self._clock = clock
        self._rng = rng
        self._ready = ready
        self._tell = tell
        self._next_channel: grpc.aio.Channel | None = None
        self._work: asyncio.Task[None] | None = None
        self._due_utc = self.identity.get_renewal_utc(rng)

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """What is under way; for whoever ends it."""
        return self._work

    def take_channel(self) -> grpc.aio.Channel | None:
        """A ready channel with a new certificate, once; None: the present one is the newest."""
        channel, self._next_channel = self._next_channel, None
        return channel

    def begin_if_due(self) -> None:
        """Renew when the certificate's time for it has come."""
        if self._clock.utc_ns() / 1e9 >= self._due_utc:
            self.begin(None)

    def begin(self, command: session_pb2.Command | None) -> None:
        """Renew now; one at a time. command: answered with how it went."""
        self._due_utc = self._clock.utc_ns() / 1e9 + RETRY_SECONDS
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._renew(command))

    async def _renew(self, command: session_pb2.Command | None) -> None:
        answer = session_pb2.Answer(id=command.id if command else 0)
        try:
            identity = await renew(self._directory, self.identity)
            channel = make_channel(identity.collector, get_credentials(identity))
            if not await wait_ready(channel):
                await channel.close()
                raise await asyncio.to_thread(
                    find_reason, identity.collector, get_credentials(identity)
                )
            self.identity = identity
            self._next_channel = channel
            self._due_utc = identity.get_renewal_utc(self._rng)
            answer.code = session_pb2.ANSWER_CODE_DONE
            note("certificate_renewed", device=identity.device)
            await self._ready()
        except VigieError as error:
            note(
                "certificate_not_renewed",
                level=logging.ERROR,
                reason=error.what,
                remedy=error.hint,
            )
            answer.code = session_pb2.ANSWER_CODE_FAILED
            answer.message = error.what[:200]
        if command is not None:
            await self._tell(answer)
