"""A real collector on loopback for rollouts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.collector.conftest import run_collector
from tests.collector.updates.stage import UpdateStage, make_bundle


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[UpdateStage]:
    async with run_collector(tmp_path / "collector") as running:
        yield UpdateStage(running, make_bundle())
