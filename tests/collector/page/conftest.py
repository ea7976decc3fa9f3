"""One page for each test, on loopback."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import Browserless, Stage


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(utc_ns=time.time_ns())


@pytest.fixture
def stage(tmp_path: Path, clock: FakeClock) -> Iterator[Stage]:
    with Stage(tmp_path / "collector", clock) as stage:
        yield stage


@pytest.fixture
def caller(stage: Stage) -> Browserless:
    """Nobody yet."""
    return Browserless(stage.address)


@pytest.fixture
def ana(stage: Stage, caller: Browserless) -> Browserless:
    """Signed in."""
    caller.enter(stage)
    return caller
