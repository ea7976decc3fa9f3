"""One real collector for all command-line tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.fakes.control_room import ControlRoom


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlRoom]:
    with ControlRoom(tmp_path_factory.mktemp("collector")) as room:
        yield room
