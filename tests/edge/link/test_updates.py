"""An update as the link sees it: offered, fetched at its pace, handed over, told."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from edge.link.boot_proof import BootProof
from edge.service.image import Image
from edge.wire import update_talk as talk
from edge.wire.v1 import session_pb2, update_pb2
from tests.fakes.authority import Authority
from tests.fakes.bundles import Shelf
from tests.fakes.pole import NoPause, Pole
from tests.fakes.server import Script, Server

IMAGE = Image("A", "0.1.0", "qemu-amd64", {})
BUNDLE = bytes(range(256)) * 3_000


def offer(
    bundle: bytes = BUNDLE, *, command: int = 9, board: str = "qemu-amd64"
) -> tuple[Script, session_pb2.Command]:
    shelf = Shelf()
    digest = shelf.put(bundle)
    told = update_pb2.OfferUpdate(
        version="0.2.0", board=board, bundle_sha256=digest, bundle_bytes=len(bundle)
    )
    asked = session_pb2.Command(id=command, offer_update=told)
    return Script(commands=[asked], shelf=shelf), asked


@contextlib.asynccontextmanager
async def link(
    pole: Pole, authority: Authority, script: Script, image: Image | None = IMAGE
) -> AsyncIterator[Server]:
    for folder in (talk.update_folder(pole.data), talk.slots_folder(pole.data)):
        folder.mkdir(exist_ok=True)
    pole.append()
    async with Server(authority, script=script) as server:
        pole.put_identity(authority, server.sessions)
        async with pole.run_link(rng=NoPause(), image=image):
            yield server


def told(server: Server) -> list[update_pb2.UpdateReport]:
    return [message.update_report for message in server.script.get_seen("update_report")]


def words(report: update_pb2.UpdateReport) -> tuple[str, str]:
    phase = update_pb2.UpdatePhase.Name(report.phase).removeprefix("UPDATE_PHASE_")
    refusal = update_pb2.UpdateRefusal.Name(report.refusal).removeprefix("UPDATE_REFUSAL_")
    return phase.lower(), refusal.lower()


async def wait_for(server: Server, phase: str, refusal: str = "unspecified") -> None:
    await server.wait_until(
        lambda: (phase, refusal) in [words(each) for each in told(server)],
        f"a report of {phase} {refusal}; there were {[words(each) for each in told(server)]}",
    )


async def test_an_offer_is_kept_its_bundle_fetched_and_handed_to_root_whole(
    pole: Pole, authority: Authority
) -> None:
    script, _ = offer()
    async with link(pole, authority, script) as server:
        await wait_for(server, "checking")
        await server.wait_until(lambda: bool(script.get_seen("answer")), "the answer")
    assert talk.arrived_path(pole.data).read_bytes() == BUNDLE
    assert not talk.part_path(pole.data).exists()
    (answer,) = [message.answer for message in script.get_seen("answer")]
    assert answer.code == session_pb2.ANSWER_CODE_DONE
    assert told(server)[-1].received_bytes == len(BUNDLE)
    hello = script.get_seen("hello")[0].hello
    assert (hello.slot, hello.image, hello.board) == ("A", "0.1.0", "qemu-amd64")


async def test_a_bundle_that_was_cut_goes_on_where_it_was(pole: Pole, authority: Authority) -> None:
    script, _ = offer()
    script.shelf.cut_after_pieces = 20
    async with link(pole, authority, script) as server:
        await wait_for(server, "checking")
    assert talk.arrived_path(pole.data).read_bytes() == BUNDLE
    assert script.shelf.calls == 2
    places = [each.offset_bytes for each in script.shelf.asked]
    assert places.count(0) == 1, "the second call begins where the first was cut"


async def test_a_link_that_was_restarted_goes_on_without_a_new_offer(
    pole: Pole, authority: Authority
) -> None:
    talk.update_folder(pole.data).mkdir()
    half = len(BUNDLE) // 2
    script, asked = offer()
    script.commands.clear()
    digest = asked.offer_update.bundle_sha256.hex()
    talk.write_offer(pole.data, talk.Offer(9, "0.2.0", "qemu-amd64", digest, len(BUNDLE)))
    talk.part_path(pole.data).write_bytes(BUNDLE[:half])
    async with link(pole, authority, script) as server:
        await wait_for(server, "checking")
    assert talk.arrived_path(pole.data).read_bytes() == BUNDLE
    assert script.shelf.asked[0].offset_bytes == half


async def test_a_bundle_that_is_not_offered_any_more_is_forgotten(
    pole: Pole, authority: Authority
) -> None:
    script, _ = offer()
    script.shelf.bundles.clear()
    async with link(pole, authority, script) as server:
        await wait_for(server, "refused", "withdrawn")
    assert list(talk.update_folder(pole.data).iterdir()) == []


@pytest.mark.parametrize(
    ("image", "offered", "refusal"),
    [
        (None, ("qemu-amd64", 1_000), "not_possible"),
        (IMAGE, ("rpi", 1_000), "wrong_board"),
        (IMAGE, ("qemu-amd64", talk.MAX_BUNDLE_BYTES + 1), "no_room"),
        (IMAGE, ("qemu-amd64", 0), "not_possible"),
    ],
)
async def test_an_offer_that_cannot_be_followed_spares_the_line(
    pole: Pole,
    authority: Authority,
    image: Image | None,
    offered: tuple[str, int],
    refusal: str,
) -> None:
    script, asked = offer(board=offered[0])
    asked.offer_update.bundle_bytes = offered[1]
    async with link(pole, authority, script, image) as server:
        await wait_for(server, "refused", refusal)
        await server.wait_until(lambda: bool(script.get_seen("answer")), "the answer")
    (answer,) = [message.answer for message in script.get_seen("answer")]
    assert answer.code == session_pb2.ANSWER_CODE_REFUSED
    assert script.shelf.calls == 0
    assert list(talk.update_folder(pole.data).iterdir()) == []


async def test_root_s_word_is_told_and_an_end_clears_the_offer(
    pole: Pole, authority: Authority
) -> None:
    script, _ = offer()
    async with link(pole, authority, script) as server:
        await wait_for(server, "checking")
        kept = talk.read_offer(pole.data)
        assert kept is not None
        # As root does it: its word comes first, then it takes the bundle.
        talk.write_report(pole.data, talk.Report(kept, "refused", "older_version", "it is older"))
        talk.arrived_path(pole.data).unlink()
        await wait_for(server, "refused", "older_version")
    assert told(server)[-1].message == "it is older"
    assert script.shelf.calls == 1


async def test_how_the_last_update_stands_is_told_at_each_stream_s_beginning(
    pole: Pole, authority: Authority
) -> None:
    talk.slots_folder(pole.data).mkdir()
    known = talk.Offer(3, "0.2.0", "qemu-amd64", "ab" * 32, 5)
    talk.write_report(pole.data, talk.Report(known, "committed"))
    for _ in range(2):
        async with link(pole, authority, Script()) as server:
            await wait_for(server, "committed")


async def test_events_are_acknowledged_while_a_bundle_comes(
    pole: Pole, authority: Authority
) -> None:
    bundle = os.urandom(4_000_000)
    script, _ = offer(bundle)
    async with link(pole, authority, script) as server:
        await wait_for(server, "fetching")
        last_seq = pole.append(20)
        await server.wait_until(lambda: last_seq in script.stored, "the events")
        assert not talk.arrived_path(pole.data).exists() or len(script.shelf.asked) > 50
        await wait_for(server, "checking")
    assert talk.arrived_path(pole.data).read_bytes() == bundle


def test_an_acknowledgement_is_of_the_epoch_and_seq_of_this_boot_s_event(tmp_path: Path) -> None:
    for folder in ("eye", "update"):
        (tmp_path / folder).mkdir()
    proof = BootProof(tmp_path)
    proof.note_stored(7, 41)
    proof.look()
    note = talk.BootNote("this-boot", 7, 42)
    talk.write_boot_note(talk.boot_note_path(tmp_path), note)
    for stored in ((7, 41), (8, 100)):
        proof.note_stored(*stored)
        proof.look()
        assert talk.read_boot_note(talk.acknowledged_path(tmp_path)) is None
    proof.note_stored(7, 42)
    proof.look()
    assert talk.read_boot_note(talk.acknowledged_path(tmp_path)) == note


async def test_a_collector_that_refuses_for_a_while_is_asked_again(
    pole: Pole, authority: Authority
) -> None:
    script, _ = offer()
    script.shelf.refuse = (grpc.StatusCode.UNAVAILABLE, "starting")
    async with link(pole, authority, script) as server:
        await wait_for(server, "fetching")
        script.shelf.refuse = None
        await wait_for(server, "checking")
    assert talk.arrived_path(pole.data).read_bytes() == BUNDLE
