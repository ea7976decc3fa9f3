"""The page's server ends: answers under way go out, one that does not end is not awaited."""

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from edge.doctor.page import CameraView, Shown
from edge.doctor.serving import Pictures, Server, Told

LIMIT_SECONDS = 60.0


@dataclass(slots=True)
class HeldPictures(Pictures):
    """Whoever asks for a picture waits until it is let go."""

    is_asked: threading.Event = field(default_factory=threading.Event)
    is_let_go: threading.Event = field(default_factory=threading.Event)

    def find(self, camera: str) -> None:
        self.is_asked.set()
        assert self.is_let_go.wait(LIMIT_SECONDS)


@pytest.fixture
def pictures() -> Iterator[HeldPictures]:
    held = HeldPictures()
    yield held
    held.is_let_go.set()


@pytest.fixture
def server(pictures: HeldPictures) -> Iterator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    shown = Shown("north-gate", (CameraView("north", "", 0.5),))
    told = Told(listening.fileno(), "7", shown, (), time.monotonic() + LIMIT_SECONDS)
    server = Server(listening, told, pictures)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    listening.close()


def get_sight(server: Server) -> bytes:
    host, port = server.socket.getsockname()
    address = f"http://{host}:{port}/7/sight"
    with urllib.request.urlopen(address, timeout=LIMIT_SECONDS) as answer:
        return bytes(answer.read())


def stop_in_an_answer(
    server: Server, pictures: HeldPictures, pool: ThreadPoolExecutor
) -> "Future[bytes]":
    """Ask, and end the serving once the asking is heard; the answer, which is held."""
    answer = pool.submit(get_sight, server)
    assert pictures.is_asked.wait(LIMIT_SECONDS)
    server.shutdown()
    return answer


def test_an_answer_under_way_goes_out_before_the_server_ends(
    server: Server, pictures: HeldPictures
) -> None:
    with ThreadPoolExecutor() as pool:
        answer = stop_in_an_answer(server, pictures, pool)
        ending = pool.submit(server.finish, LIMIT_SECONDS)
        assert not ending.done()
        pictures.is_let_go.set()
        ending.result(LIMIT_SECONDS)
        assert json.loads(answer.result())["sights"] == {"north": None}


def test_an_answer_that_takes_too_long_is_not_awaited(
    server: Server, pictures: HeldPictures
) -> None:
    with ThreadPoolExecutor() as pool:
        answer = stop_in_an_answer(server, pictures, pool)
        server.finish(0.0)
        assert not answer.done()
        pictures.is_let_go.set()
