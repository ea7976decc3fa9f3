"""The desk's socket: a link that connects, is cut, is killed or talks nonsense."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.vault.clips import read_standing
from edge.vault.clips_socket import ClipSocket, open_clip_desk
from edge.wire import clip_talk as said
from tests.edge.vault.test_clips import NAME, Stage
from tests.fakes.mandates import DEVICE


class Link:
    """The other end, with the library's own blocking socket."""

    def __init__(self, data: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(20)
        self._socket.connect(str(said.clips_socket_path(data)))
        self._file = self._socket.makefile("rb")

    def say(self, *messages: said.ToVault) -> None:
        for message in messages:
            self._socket.sendall(said.write_line(message))

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def hear(self) -> said.FromVault:
        return said.parse_from_vault(self._file.readline())

    def is_hung_up(self) -> bool:
        return self._file.readline() == b""

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def desk(stage: Stage) -> Iterator[ClipSocket]:
    desk = ClipSocket(stage.data, stage.desk)
    desk.follow(read_standing(stage.room))
    yield desk
    desk.close()


def test_a_request_is_answered_cut_and_announced(stage: Stage, desk: ClipSocket) -> None:
    link = Link(stage.data)
    link.say(said.Request(1, stage.sign()))
    assert link.hear() == said.Answer(1, "done", "")
    assert link.hear() == said.Report(NAME, "cutting", "")
    ready = link.hear()
    assert isinstance(ready, said.Ready)
    link.close()
    stage.verify()
    again = Link(stage.data)
    assert again.hear() == ready
    again.say(said.Delivered(NAME), said.Drop(2, NAME))
    assert again.hear() == said.Answer(2, "done", "")
    again.close()
    assert not said.sealed_path(stage.data, NAME).exists()


def test_what_a_lost_link_was_not_told_is_told_to_the_next(stage: Stage, desk: ClipSocket) -> None:
    stage.footage.damaged.add(4)
    link = Link(stage.data)
    link.say(said.Request(1, stage.sign()))
    assert link.hear() == said.Answer(1, "done", "")
    link.close()
    told: list[said.FromVault] = []
    while not any(isinstance(each, said.Report) and each.state == "failed" for each in told):
        link = Link(stage.data)
        link.say(said.Drop(9, "never"))
        while (heard := link.hear()) != said.Answer(9, "done", ""):
            told.append(heard)
        link.close()
    assert said.Report(NAME, "failed", "its seal is broken") in told


def test_a_new_link_takes_the_place_of_one_that_was_killed(stage: Stage, desk: ClipSocket) -> None:
    dead, alive = Link(stage.data), Link(stage.data)
    alive.say(said.Drop(1, "never"))
    assert alive.hear() == said.Answer(1, "done", "")
    assert dead.is_hung_up()
    dead.close()
    alive.close()


@pytest.mark.parametrize("nonsense", [b"\n", b"{}\n", b"\xff\xfe\n", b"x" * 170_000])
def test_a_link_that_talks_nonsense_is_hung_up_and_the_next_one_heard(
    stage: Stage, desk: ClipSocket, nonsense: bytes
) -> None:
    link = Link(stage.data)
    link.send(nonsense)
    assert link.is_hung_up()
    link.close()
    after = Link(stage.data)
    after.say(said.Drop(1, "never"))
    assert after.hear() == said.Answer(1, "done", "")
    after.close()
    assert desk.is_alive


def test_only_the_vault_s_group_may_connect(stage: Stage, desk: ClipSocket) -> None:
    assert said.clips_socket_path(stage.data).stat().st_mode & 0o777 == 0o660


def test_a_damaged_audit_closes_the_desk_and_not_the_vault(stage: Stage) -> None:
    stage.ask()
    stage.desk.close()
    audit = stage.data / "vault" / "audit.jsonl"
    audit.write_text(audit.read_text().replace("ada", "eve"))
    with open_clip_desk(stage.data, DEVICE, stage.clock) as desk:
        desk.follow(read_standing(stage.room))
        assert desk.is_alive
        assert not said.clips_socket_path(stage.data).exists()
    assert "eve" in audit.read_text()
