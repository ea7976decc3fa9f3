"""Sockets in folders deeper than the kernel's longest address."""

import socket
from pathlib import Path

import pytest

from edge.wire.doorway import MAX_ADDRESS_BYTES, short_address


@pytest.mark.parametrize("depth", [0, 12])
def test_a_socket_is_bound_and_reached_however_deep_its_folder_is(
    tmp_path: Path, depth: int
) -> None:
    folder = tmp_path.joinpath(*["a-long-name-of-a-folder"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "door.sock"
    assert (len(str(path)) > MAX_ADDRESS_BYTES) == bool(depth)
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as calling:
        with short_address(path) as address:
            listening.bind(address)
        listening.listen()
        with short_address(path) as address:
            calling.connect(address)
        inside, _ = listening.accept()
        with inside:
            calling.sendall(b"here")
            assert inside.recv(4) == b"here"
    assert path.is_socket()


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), short_address(tmp_path / ("x" * 100) / "door.sock"):
        pass
