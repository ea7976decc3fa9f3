"""What the link carries for others, unread: requests and answers, mandates, the time, sealed clips.

It judges nothing. A request goes to the vault as it came and the vault's word comes back; a mandate
and the collector's time are put where eye and vault find and verify them; what lies in outgoing
goes up, one clip after the other, on a channel of its own.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from edge.clock import Clock
from edge.enrolment.identity import Identity
from edge.link.backoff import Backoff
from edge.link.journal import note
from edge.link.upload import Progress, Uplink
from edge.link.upload_stream import UploadError
from edge.link.vault_line import VaultLine
from edge.mandate.mailbox import write_incoming, write_time_answer
from edge.mandate.time_statement import NONCE_BYTES, TimeAnswer
from edge.wire import clip_talk as vault
from edge.wire.clip_talk import shorten
from edge.wire.v1 import session_pb2

# A vault that does not answer in this time is dead or being replaced; the collector is told.
VAULT_WITHIN_NS = 30_000_000_000
LOOK_EVERY_SECONDS = 1.0
MAX_REPORTS = 256
_SIGNATURE_BYTES = 64
_NS = 1_000_000_000
_CODES = {
    "done": session_pb2.ANSWER_CODE_DONE,
    "refused": session_pb2.ANSWER_CODE_REFUSED,
    "failed": session_pb2.ANSWER_CODE_FAILED,
}
Tell = Callable[[session_pb2.Answer], Awaitable[None]]


class _Asked(NamedTuple):
    """What the vault has not answered yet, and since when."""

    sentence: vault.ToVault
    at_ns: int


class Courier:
    """Runs beside the session on the same loop; `tell` takes the answers to commands."""

    def __init__(
        self,
        data: Path,
        identity: Callable[[], Identity],
        tell: Tell,
        *,
        clock: Clock,
        rng: random.Random,
        bits_per_second: int,
    ) -> None:
        self._data = data
        self._tell = tell
        self._clock = clock
        self._line = VaultLine(data, rng, self._hear, self._begin_again)
        self._uplink = Uplink(data, identity, clock, most_bits_per_second=bits_per_second)
        self._backoff = Backoff(rng)
        self._asked: dict[int, _Asked] = {}
        self._ready: dict[str, vault.Ready] = {}
        # The oldest report makes room: what a clip's newest state is, the vault says again.
        self._reports: deque[vault.Report] = deque(maxlen=MAX_REPORTS)
        self._has_load = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._line.run())
                group.create_task(self._carry_up())
                group.create_task(self._watch_vault())
        finally:
            for task in self._tasks:
                task.cancel()

    def perform(self, command: session_pb2.Command) -> None:
        """Begin what a command asks; `tell` takes its answer later."""
        action = command.WhichOneof("action")
        if action == "take_mandate":
            self._begin(self._pass_mandate(command))
        elif action == "request_clip":
            request = vault.Request(command.id, command.request_clip.envelope)
            self._begin(self._ask_vault(command.id, request))
        elif action == "drop_clip":
            self._begin(self._ask_vault(command.id, vault.Drop(command.id, command.drop_clip.clip)))

    async def pass_time(self, statement: session_pb2.TimeStatement) -> None:
        """Put the collector's time where the room that asked looks for it."""
        if len(statement.nonce) != NONCE_BYTES or len(statement.signature) != _SIGNATURE_BYTES:
            note("time_not_passed", level=logging.WARNING, reason="it is no statement")
            return
        answer = TimeAnswer(
            statement.nonce, statement.utc_ms, statement.error_ms, statement.signature
        )
        try:
            await asyncio.to_thread(write_time_answer, self._data, answer)
            note("time_passed_on", error_ms=statement.error_ms)
        except OSError as error:
            note("time_not_passed", level=logging.ERROR, reason=error.strerror)

    # Down: commands.

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_mandate(self, command: session_pb2.Command) -> None:
        answer = session_pb2.Answer(id=command.id, code=session_pb2.ANSWER_CODE_DONE)
        try:
            envelope = command.take_mandate.envelope.encode()
            await asyncio.to_thread(write_incoming, self._data, envelope)
            note("mandate_passed_on", size_bytes=len(envelope))
        except OSError as error:
            answer.code = session_pb2.ANSWER_CODE_FAILED
            answer.message = f"the mandate cannot be kept ({error.strerror})"
            note("mandate_not_passed", level=logging.ERROR, reason=error.strerror)
        await self._tell(answer)

    async def _ask_vault(self, command_id: int, sentence: vault.ToVault) -> None:
        """Said at once, and again to each new connection until the vault answers or time is up."""
        self._asked[command_id] = _Asked(sentence, self._clock.monotonic_ns())
        await self._line.say(sentence)

    async def _watch_vault(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            now_ns = self._clock.monotonic_ns()
            for command_id, asked in list(self._asked.items()):
                if now_ns - asked.at_ns >= VAULT_WITHIN_NS:
                    await self._give_up(command_id)

    async def _give_up(self, command_id: int) -> None:
        del self._asked[command_id]
        note("vault_silent", level=logging.WARNING, command=command_id)
        await self._tell(
            session_pb2.Answer(
                id=command_id,
                code=session_pb2.ANSWER_CODE_FAILED,
                message="the pole's vault does not answer",
            )
        )

    def _begin_again(self) -> None:
        for asked in self._asked.values():
            self._begin(self._say(asked.sentence))

    async def _say(self, sentence: vault.ToVault) -> None:
        await self._line.say(sentence)

    # Up: what the vault says, and what lies in outgoing.

    def _hear(self, sentence: vault.FromVault) -> None:
        match sentence:
            case vault.Answer():
                if self._asked.pop(sentence.command, None) is not None:
                    answer = session_pb2.Answer(
                        id=sentence.command, code=_CODES[sentence.code], message=sentence.message
                    )
                    self._begin(_as_task(self._tell(answer)))
            case vault.Report():
                self._reports.append(sentence)
            case vault.Ready():
                self._ready[sentence.clip] = sentence
        self._has_load.set()

    async def _carry_up(self) -> None:
        while True:
            await self._has_load.wait()
            try:
                await self._carry_next()
                self._backoff.reset()
            except (UploadError, OSError) as error:
                reason = error.what if isinstance(error, UploadError) else error.strerror
                pause_ns = self._backoff.draw_ns(refused=False)
                note("upload_cut", reason=reason, after_ms=pause_ns // 1_000_000)
                await asyncio.sleep(pause_ns / _NS)
            if not self._reports and not self._ready:
                self._has_load.clear()

    async def _carry_next(self) -> None:
        if self._reports:
            report = self._reports[0]
            await self._try(self._uplink.report(report), report.clip)
            if self._reports and self._reports[0] is report:
                self._reports.popleft()
        elif self._ready:
            ready = next(iter(self._ready.values()))
            is_delivered = await self._try(self._uplink.upload(ready, _note_progress), ready.clip)
            if is_delivered:
                await self._line.say(vault.Delivered(ready.clip))
            if self._ready.get(ready.clip) is ready:
                del self._ready[ready.clip]

    async def _try(self, work: Awaitable[None], clip: str) -> bool:
        """False: it is gone, or the collector does not want it. Raises UploadError if it may."""
        try:
            await work
        except FileNotFoundError:
            note("clip_gone", clip=clip)
            return False
        except UploadError as error:
            if not error.is_final:
                raise
            note("clip_not_wanted", level=logging.WARNING, clip=clip, reason=shorten(error.what))
            return False
        return True


async def _as_task(work: Awaitable[None]) -> None:
    await work


def _note_progress(progress: Progress) -> None:
    note(
        "clip_upload",
        clip=progress.clip,
        stored_bytes=progress.stored_bytes,
        sealed_bytes=progress.sealed_bytes,
    )
