"""What the link carries: mandates, the time, clip requests down; answers and sealed clips up."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
from blake3 import blake3

from edge.link.courier import Courier
from edge.link.pace import MIN_CHUNK_BYTES, UP
from edge.mandate.mailbox import read_time_answers
from edge.mandate.places import Places
from edge.wire import clip_talk as said
from edge.wire.v1 import clip_pb2, session_pb2
from tests.fakes.authority import Authority
from tests.fakes.clock import FakeClock
from tests.fakes.pole import NoPause, Pole, Told
from tests.fakes.server import Script, Server

DONE, REFUSED, FAILED = (
    session_pb2.ANSWER_CODE_DONE,
    session_pb2.ANSWER_CODE_REFUSED,
    session_pb2.ANSWER_CODE_FAILED,
)
NAME = "pole-1-0001"
ENVELOPE = '{"payload": "é",\n "signatures": []}'


class Vault:
    """The other end of the vault's socket, by script. It may be killed and started again."""

    def __init__(self, data: Path, *says: said.FromVault) -> None:
        self._data = data
        self.says = list(says)
        self.heard: list[said.ToVault] = []
        self.answer: Callable[[said.ToVault], list[said.FromVault]] = lambda _: []
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Vault":
        path = said.clips_socket_path(self._data)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def wait_for(self, sentence: said.ToVault) -> None:
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: sentence in self.heard)

    def put_clip(self, clip: str, content: bytes) -> said.Ready:
        """A sealed clip in outgoing, as the vault leaves it."""
        said.outgoing_folder(self._data).mkdir(exist_ok=True)
        said.sealed_path(self._data, clip).write_bytes(content)
        said.manifest_path(self._data, clip).write_text(ENVELOPE)
        return said.Ready(clip, len(content), blake3(content).hexdigest())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        for sentence in self.says:
            writer.write(said.write_line(sentence))
        while line := await reader.readline():
            heard = said.parse_to_vault(line)
            for sentence in self.answer(heard):
                writer.write(said.write_line(sentence))
            async with self._changed:
                self.heard.append(heard)
                self._changed.notify_all()


@contextlib.asynccontextmanager
async def _link(
    pole: Pole,
    authority: Authority,
    script: Script,
    rng: random.Random | None = None,
    *,
    bits: int = 800_000_000,
) -> AsyncIterator[Server]:
    pole.append(1)
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link(clip_bits_per_second=bits, rng=rng):
            yield server


async def _answer_of(server: Server, command_id: int) -> session_pb2.Answer:
    def answers() -> list[session_pb2.Answer]:
        found = [message.answer for message in server.script.get_seen("answer")]
        return [answer for answer in found if answer.id == command_id]

    await server.wait_until(lambda: bool(answers()), f"an answer to {command_id}")
    return answers()[0]


async def test_a_mandate_is_put_where_the_rooms_find_it_unread(
    pole: Pole, authority: Authority
) -> None:
    command = session_pb2.Command(id=3, take_mandate=session_pb2.TakeMandate(envelope="not JSON é"))
    async with _link(pole, authority, Script(commands=[command])) as server:
        assert (await _answer_of(server, 3)).code == DONE
    (found,) = (pole.data / "mandate").glob("incoming-*.json")
    assert found.read_text() == "not JSON é"


async def test_a_room_s_question_for_the_time_goes_up_and_the_answer_comes_down(
    pole: Pole, authority: Authority, told: Told
) -> None:
    nonce = os.urandom(16)
    question = Places(pole.data, "vault").time_question
    question.parent.mkdir(parents=True, exist_ok=True)
    question.write_text(nonce.hex())
    stated = session_pb2.TimeStatement(
        nonce=nonce, utc_ms=1_790_000_000_000, error_ms=20, signature=b"s" * 64
    )
    async with _link(pole, authority, Script(statements={nonce: stated})) as server:
        await server.wait_until(lambda: bool(server.script.get_seen("time_question")), "it asked")
        await told.wait_for("time_passed_on")
    answers = read_time_answers(pole.data)
    assert [answer.nonce for answer in answers] == [nonce]
    assert len(server.script.get_seen("time_question")) == 1


async def test_a_clip_request_reaches_the_vault_as_it_came_and_its_word_comes_back(
    pole: Pole, authority: Authority
) -> None:
    request = session_pb2.RequestClip(envelope=ENVELOPE)
    commands = [
        session_pb2.Command(id=4, request_clip=request),
        session_pb2.Command(id=5, drop_clip=session_pb2.DropClip(clip=NAME)),
    ]
    async with Vault(pole.data) as vault:
        vault.answer = lambda heard: (
            [
                said.Answer(heard.command, "refused", "the request names no case"),
                said.Report(NAME, "refused", "the request names no case"),
            ]
            if isinstance(heard, said.Request)
            else [said.Answer(5, "done", "")]
        )
        async with _link(pole, authority, Script(commands=commands)) as server:
            answer = await _answer_of(server, 4)
            assert (await _answer_of(server, 5)).code == DONE
            await server.wait_until(lambda: bool(server.script.reports), "the report")
    assert set(vault.heard) == {said.Request(4, ENVELOPE), said.Drop(5, NAME)}
    assert (answer.code, answer.message) == (REFUSED, "the request names no case")
    (report,) = server.script.reports
    assert report.state == clip_pb2.CLIP_STATE_REFUSED
    assert report.clip == NAME


async def test_a_vault_that_does_not_answer_in_time_is_told_to_the_collector(
    pole: Pole, authority: Authority
) -> None:
    pole.put_identity(authority, "collector.example:1")
    answers: asyncio.Queue[session_pb2.Answer] = asyncio.Queue()
    clock = FakeClock()
    courier = Courier(
        pole.data,
        pole.directory.read_identity,
        answers.put,
        clock=clock,
        rng=NoPause(),
        bits_per_second=800_000_000,
    )
    request = session_pb2.RequestClip(envelope=ENVELOPE)
    async with Vault(pole.data) as vault:
        running = asyncio.create_task(courier.run())
        courier.perform(session_pb2.Command(id=4, request_clip=request))
        await vault.wait_for(said.Request(4, ENVELOPE))
        assert answers.empty()
        clock.advance(30)
        async with asyncio.timeout(60):
            answer = await answers.get()
        running.cancel()
    assert (answer.id, answer.code) == (4, FAILED)
    assert answer.message == "the pole's vault does not answer"


async def test_a_vault_that_was_restarted_is_asked_again(pole: Pole, authority: Authority) -> None:
    command = session_pb2.Command(id=4, request_clip=session_pb2.RequestClip(envelope=ENVELOPE))
    async with _link(pole, authority, Script(commands=[command])) as server:
        async with Vault(pole.data) as killed:
            await killed.wait_for(said.Request(4, ENVELOPE))
        async with Vault(pole.data) as vault:
            vault.answer = lambda _: [said.Answer(4, "done", "")]
            assert (await _answer_of(server, 4)).code == DONE


async def test_a_sealed_clip_goes_up_in_small_chunks_and_the_vault_is_told(
    pole: Pole, authority: Authority
) -> None:
    content = os.urandom(300_000)
    vault = Vault(pole.data)
    vault.says = [vault.put_clip(NAME, content)]
    async with vault, _link(pole, authority, Script()) as server:
        await vault.wait_for(said.Delivered(NAME))
    assert server.script.clips[NAME] == content
    assert min(server.script.uploads[:-1]) >= MIN_CHUNK_BYTES
    assert max(server.script.uploads) <= UP.most_chunk_bytes
    (offer,) = server.script.offers
    assert offer.manifest == ENVELOPE
    assert offer.sealed_blake3 == blake3(content).digest()
    assert offer.sealed_bytes == len(content)


async def test_an_upload_that_is_cut_at_each_chunk_goes_on_where_it_was(
    pole: Pole, authority: Authority
) -> None:
    content = os.urandom(MIN_CHUNK_BYTES * 6 + 5)
    vault = Vault(pole.data)
    vault.says = [vault.put_clip(NAME, content)]
    async with vault, _link(pole, authority, Script(cut_after_chunks=1), NoPause()) as server:
        await vault.wait_for(said.Delivered(NAME))
    assert server.script.clips[NAME] == content
    assert sum(server.script.uploads) == len(content)
    assert len(server.script.offers) >= 7


async def test_events_go_on_while_a_clip_goes_up(pole: Pole, authority: Authority) -> None:
    vault = Vault(pole.data)
    vault.says = [vault.put_clip(NAME, os.urandom(4_000_000))]
    async with vault, _link(pole, authority, Script(), bits=2_000_000) as server:
        await server.wait_until(lambda: bool(server.script.uploads), "the upload has begun")
        last_seq = pole.append(20)
        await server.wait_until(lambda: last_seq in server.script.stored, "all events")
        assert len(server.script.clips[NAME]) < 4_000_000


async def test_a_clip_that_the_collector_does_not_want_is_not_sent_again(
    pole: Pole, authority: Authority, told: Told
) -> None:
    vault = Vault(pole.data)
    vault.says = [vault.put_clip(NAME, b"x" * 1_000), vault.put_clip("another", b"y" * 1_000)]
    refusal = (grpc.StatusCode.FAILED_PRECONDITION, "the clip is expired here")
    async with vault, _link(pole, authority, Script(refuse_offer=refusal)) as server:
        await server.wait_until(lambda: len(server.script.offers) == 2, "both offers")
        line = await told.wait_for("clip_not_wanted")
    assert "the clip is expired here" in line
    assert server.script.uploads == []


async def test_a_clip_that_the_vault_took_back_is_passed_over(
    pole: Pole, authority: Authority, told: Told
) -> None:
    vault = Vault(pole.data)
    gone = vault.put_clip("gone", b"x" * 1_000)
    said.manifest_path(pole.data, "gone").unlink()
    vault.says = [gone, vault.put_clip(NAME, b"y" * 1_000)]
    async with vault, _link(pole, authority, Script()):
        await vault.wait_for(said.Delivered(NAME))
    assert told.find("clip_gone") == ["clip_gone clip=gone"]


async def test_a_vault_that_talks_nonsense_is_hung_up_and_events_go_on(
    pole: Pole, authority: Authority, told: Told
) -> None:
    async with Vault(pole.data) as vault:
        vault.says = [said.Report("../x", "failed", "")]
        async with _link(pole, authority, Script()) as server:
            await told.wait_for("vault_not_understood")
            last_seq = pole.append(1)
            await server.wait_until(lambda: last_seq in server.script.stored, "the event")
