"""Where thousands of small spools are opened, one after the other."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A folder in memory where there is one: for tests that wait for thousands of syncs.

    What a sync is worth is not for these tests to show; they make the disks themselves.
    """
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)
