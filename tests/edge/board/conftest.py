"""A real collector on loopback, and a fresh pole."""

from pathlib import Path

import pytest

from tests.collector.conftest import collector as collector  # noqa: PLC0414 - a fixture
from tests.edge.board.pole import Pole
from tests.fakes.board_programs import FakeBoard


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return Pole(FakeBoard(tmp_path / "board"))
