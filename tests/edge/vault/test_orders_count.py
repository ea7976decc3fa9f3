"""How many clips of a camera leave a pole in a day, whatever the collector's key signs."""

from dataclasses import dataclass, field, replace

import pytest

from edge.mandate.statement import CLIPS_A_DAY, parse_mandate
from edge.vault.orders import DAY_MS, No, Refusal, Situation
from edge.vault.orders_count import OrderCount
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA, DEVICE, statement

DAY_S = DAY_MS / 1000
MOST = 3
SITUATION = Situation(
    device=DEVICE,
    now_utc_ms=0,
    clock_error_ms=20,
    mandate=parse_mandate(statement(clips_per_camera_a_day=MOST)),
    reason=None,
    cameras=frozenset({CAMERA}),
    readers=frozenset(),
    seen={},
)


@dataclass
class Pole:
    """A count, and what the audit keeps of it."""

    clock: FakeClock = field(default_factory=FakeClock)
    written: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.count = OrderCount(self.clock, self.written)

    def ask(self, camera: str = CAMERA) -> Refusal | None:
        refusal = self.count.check(camera, SITUATION)
        if refusal is None:
            self.written.append((camera, self.clock.utc_ns() // 1_000_000))
            self.count.note(camera)
        return refusal

    def use_up(self) -> None:
        for _ in range(MOST):
            assert self.ask() is None
        assert self.ask() is not None


def test_so_many_clips_of_a_camera_a_day_and_the_next_when_the_first_is_a_day_old() -> None:
    pole = Pole()
    assert pole.ask() is None
    pole.clock.advance(3_600)
    assert pole.ask() is None
    assert pole.ask() is None
    refusal = pole.ask()
    assert refusal == Refusal(
        No.TOO_MANY_A_DAY,
        "3 clips of north were taken on within 24 hours, the mandate allows 3; "
        "the next one in 23 h 00 min",
    )
    pole.clock.advance(DAY_S - 3_601)
    assert pole.ask() is not None
    pole.clock.advance(1)
    assert pole.ask() is None
    assert pole.ask() is not None


def test_another_camera_has_a_count_of_its_own() -> None:
    pole = Pole()
    pole.use_up()
    assert pole.ask("south") is None


def test_what_was_taken_on_before_a_restart_counts() -> None:
    pole = Pole()
    pole.use_up()
    pole.restart()
    assert pole.ask() is not None
    pole.clock.advance(DAY_S)
    pole.restart()
    assert pole.ask() is None


def test_a_clock_that_is_set_forward_frees_nothing() -> None:
    pole = Pole()
    pole.use_up()
    for _ in range(10):
        pole.clock.step_utc(DAY_S)
        assert pole.ask() is not None
    pole.clock.advance(DAY_S)
    assert pole.ask() is None


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_clock_that_is_set_back_blocks_for_no_longer_than_a_day(is_restarted: bool) -> None:
    pole = Pole()
    pole.use_up()
    pole.clock.step_utc(-30 * DAY_S)
    if is_restarted:
        pole.restart()
    assert pole.ask() is not None
    pole.clock.advance(DAY_S)
    assert pole.ask() is None


def test_a_mandate_that_says_nothing_allows_forty() -> None:
    assert parse_mandate(statement()).clips_per_camera_a_day == CLIPS_A_DAY == 40


def test_without_a_mandate_none() -> None:
    refusal = OrderCount(FakeClock(), ()).check(CAMERA, replace(SITUATION, mandate=None))
    assert refusal is not None
