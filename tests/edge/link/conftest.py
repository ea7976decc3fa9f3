"""A pole, an authority, and the link's log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.authority import Authority
from tests.fakes.pole import Pole, Told, listen_to_link


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return Pole(tmp_path)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def told() -> Iterator[Told]:
    with listen_to_link() as told:
        yield told
