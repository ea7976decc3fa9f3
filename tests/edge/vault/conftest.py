"""A pole with a mandate, for every test of the vault."""

from pathlib import Path

import pytest

from tests.edge.vault.scenes import Pole, make_pole


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    """A pole whose mandate lets the north camera be recorded for seven days."""
    return make_pole(tmp_path)
