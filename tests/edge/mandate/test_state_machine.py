"""A hundred thousand steps of mandates, clocks, replays, revocations and restarts: no violation."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.edge.mandate.world import DAYS_TO_BEGIN, ZONES, World
from tests.fakes.mandates import City

STEPS = 100_000
SHARDS = 4
ACTIONS = 100
PROGRAMS = st.binary(min_size=2 * ACTIONS, max_size=2 * ACTIONS)
# Nothing here is about the medium, and a step syncs several files.
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def _own_zone() -> Iterator[None]:
    """The oracle asks the C library, which knows one zone at a time."""
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("_own_zone")
@pytest.mark.parametrize("shard", range(1, SHARDS + 1))
def test_a_hundred_thousand_steps_allow_nothing_that_was_not_signed(
    shard: int, capsys: pytest.CaptureFixture[str]
) -> None:
    city, steps, lives = City(), 0, 0

    class Pole(RuleBasedStateMachine):
        """One life of a pole: a zone, a day to begin, and programs of actions."""

        @initialize(zone=st.sampled_from(ZONES), begin=st.sampled_from(DAYS_TO_BEGIN))
        def begin(self, zone: str, begin: str) -> None:
            nonlocal lives
            lives += 1
            memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
            self.folder = Path(tempfile.mkdtemp(dir=memory, prefix="vigie-mandate-"))
            self.world = World(self.folder, city, zone, begin)

        @rule(program=PROGRAMS)
        def live(self, program: bytes) -> None:
            self.world.live(program)

        def teardown(self) -> None:
            nonlocal steps
            steps += self.world.steps
            shutil.rmtree(self.folder)

    spent = time.process_time()
    how = settings(
        max_examples=5,
        stateful_step_count=10,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    while steps < STEPS / SHARDS:
        run_state_machine_as_test(Pole, settings=how)  # type: ignore[no-untyped-call]
    spent = time.process_time() - spent
    with capsys.disabled():
        told = f"{steps} steps in {lives} lives, 0 violations, {spent:.0f} s of one core"
        print(f"\nmandate, part {shard} of {SHARDS}: {told}")
