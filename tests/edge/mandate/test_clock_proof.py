"""Two witnesses of the time, a floor below which nothing goes, and those who lie."""

from itertools import pairwise
from pathlib import Path

import pytest

from edge.mandate.clock_proof import ClockProof, ClockProver
from edge.mandate.kernel_clock import KernelClock, kernel_clock_reader
from edge.mandate.keys import make_signing_key
from edge.mandate.mailbox import read_time_questions, write_time_answer
from edge.mandate.places import RoomName
from edge.mandate.reason import Reason
from edge.mandate.time_statement import is_signed, sign_time
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import CAMERA, DEVICE, City, adrift, make_room, synchronised

COLLECTOR = make_signing_key("collector")
HOUR = 3600.0
ROOMS: tuple[RoomName, ...] = ("eye", "vault")


def prover(clock: FakeClock, kernel: KernelClock, floor_utc_ns: int = 0) -> ClockProver:
    return ClockProver(
        DEVICE, clock, lambda: kernel, clip_key=COLLECTOR.public, floor_utc_ns=floor_utc_ns
    )


def answered(
    made: ClockProver,
    clock: FakeClock,
    *,
    round_trip: float = 1.0,
    off: float = 0.0,
    device: str = DEVICE,
) -> bool:
    """Ask, let half the round trip pass, answer with the wall clock's time plus off seconds."""
    nonce = made.ask()
    assert nonce is not None
    clock.advance(round_trip / 2)
    utc_ms = clock.utc_ns() // 10**6 + round(off * 1000)
    answer = sign_time(device, nonce, utc_ms=utc_ms, error_ms=20, key=COLLECTOR)
    clock.advance(round_trip / 2)
    return made.take_answer(answer)


def test_the_bytes_that_the_collector_signs_never_change() -> None:
    key = make_signing_key("collector")
    answer = sign_time("pole-1", bytes(16), utc_ms=1_790_000_000_000, error_ms=7, key=key)
    statement = bytes.fromhex(
        "76696769652074696d6520763100706f6c652d3100000000000000000000000000000000000000"
        "01a0c4506c0000000007"
    )
    assert key.private.sign(statement) == answer.signature
    assert is_signed(answer, "pole-1", key.public)
    assert not is_signed(answer, "pole-2", key.public)


def test_a_synchronised_kernel_proves_the_clock_with_its_own_error() -> None:
    clock = FakeClock()
    assert prover(clock, synchronised(2500)).prove() == ClockProof("kernel_ntp", 3, clock.utc_ns())


@pytest.mark.parametrize("kernel", [adrift(), synchronised(5_000_001)])
def test_a_kernel_that_is_not_sure_proves_nothing(kernel: KernelClock) -> None:
    assert prover(FakeClock(), kernel).prove() is Reason.CLOCK_UNPROVEN


def test_the_collectors_answer_proves_the_clock_within_half_the_round_trip() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    assert answered(made, clock, round_trip=2.0)
    proof = made.prove()
    assert isinstance(proof, ClockProof)
    assert proof.source == "collector"
    assert 1020 <= proof.error_ms <= 1030


def test_an_answer_grows_old_with_the_drift_of_the_crystal() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    assert answered(made, clock)
    errors = []
    for _ in range(3):
        proof = made.prove()
        assert isinstance(proof, ClockProof)
        errors.append(proof.error_ms)
        clock.advance(4 * HOUR)
    assert [later - before for before, later in pairwise(errors)] == [
        1440,
        1440,
    ]
    clock.advance(HOUR)
    assert made.prove() is Reason.CLOCK_UNPROVEN


def test_a_clock_that_the_collector_contradicts_is_not_proven_by_any_kernel() -> None:
    clock = FakeClock()
    made = prover(clock, synchronised())
    assert answered(made, clock, off=-HOUR)
    assert made.prove() is Reason.CLOCK_UNPROVEN
    clock.step_utc(-HOUR)
    assert isinstance(made.prove(), ClockProof)


def test_time_that_is_moved_by_ntp_while_the_collector_is_heard_moves_no_floor() -> None:
    clock = FakeClock()
    made = prover(clock, synchronised())
    assert answered(made, clock)
    assert isinstance(made.prove(), ClockProof)
    floor = made.floor_utc_ns
    clock.step_utc(1000 * HOUR)
    assert made.prove() is Reason.CLOCK_UNPROVEN
    assert made.floor_utc_ns == floor
    clock.step_utc(-1000 * HOUR)
    assert isinstance(made.prove(), ClockProof)


@pytest.mark.parametrize("back", [0.01, HOUR, 1000 * HOUR])
def test_ntp_that_steps_back_is_refused_until_the_time_has_come_again(back: float) -> None:
    clock = FakeClock()
    made = prover(clock, synchronised())
    assert isinstance(made.prove(), ClockProof)
    clock.step_utc(-back)
    assert made.prove() is Reason.CLOCK_BEHIND_FLOOR
    clock.advance(back)
    assert isinstance(made.prove(), ClockProof)


def test_answers_to_others_to_earlier_questions_and_forged_ones_prove_nothing() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    assert not answered(made, clock, device="pole-2")
    nonce = b"\1" * 16
    stranger = make_signing_key("stranger")
    for key in (COLLECTOR, stranger):
        answer = sign_time(DEVICE, nonce, utc_ms=clock.utc_ns() // 10**6, error_ms=1, key=key)
        assert not made.take_answer(answer)
    assert made.prove() is Reason.CLOCK_UNPROVEN


def test_an_answer_counts_once() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    nonce = made.ask()
    assert nonce is not None
    answer = sign_time(DEVICE, nonce, utc_ms=clock.utc_ns() // 10**6, error_ms=1, key=COLLECTOR)
    assert made.take_answer(answer)
    clock.advance(10 * HOUR)
    assert not made.take_answer(answer)


def test_a_late_answer_is_not_used_and_makes_a_new_question() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    first = made.ask()
    assert made.ask() is None
    clock.advance(600.0)
    assert first is not None
    late = sign_time(DEVICE, first, utc_ms=clock.utc_ns() // 10**6, error_ms=1, key=COLLECTOR)
    assert not made.take_answer(late)
    second = made.ask()
    assert second not in {None, first}


def test_a_forged_answer_is_not_in_the_way_of_the_collectors() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    first = made.ask()
    assert first is not None
    stranger = make_signing_key("stranger")
    forged = sign_time(DEVICE, first, utc_ms=clock.utc_ns() // 10**6, error_ms=1, key=stranger)
    assert not made.take_answer(forged)
    second = made.ask()
    assert second is not None
    assert second != first
    genuine = sign_time(DEVICE, second, utc_ms=clock.utc_ns() // 10**6, error_ms=1, key=COLLECTOR)
    assert made.take_answer(genuine)


def test_the_question_and_its_answer_go_through_the_mailbox(tmp_path: Path) -> None:
    city, clock = City(), FakeClock()
    city.install(tmp_path, city.mandate())
    rooms = [make_room(tmp_path, clock, room=name, kernel=adrift()) for name in ROOMS]
    questions = read_time_questions(tmp_path)
    assert len(questions) == 2
    for nonce in questions:
        utc_ms = clock.utc_ns() // 10**6
        answer = sign_time(DEVICE, nonce, utc_ms=utc_ms, error_ms=5, key=city.clip_key)
        write_time_answer(tmp_path, answer)
    assert read_time_questions(tmp_path) == ()
    clock.advance(1.0)
    for room in rooms:
        room.poll()
        assert room.permit(CAMERA).may_record


def test_the_floor_of_the_clock_survives_a_restart_and_one_lost_file(tmp_path: Path) -> None:
    city, clock = City(), FakeClock()
    city.install(tmp_path, city.mandate())
    room = make_room(tmp_path, clock)
    clock.advance(2 * HOUR)
    room.poll()
    room.close()
    clock.step_utc(-HOUR)
    assert make_room(tmp_path, clock).permit(CAMERA).reason is Reason.CLOCK_BEHIND_FLOOR
    (tmp_path / "eye" / "clock-floor").write_text("9" * 19)
    assert make_room(tmp_path, clock).permit(CAMERA).reason is None
    clock.step_utc(-2 * HOUR)
    assert make_room(tmp_path, clock).permit(CAMERA).reason is Reason.CLOCK_BEHIND_FLOOR


def test_the_floor_is_written_every_five_minutes(tmp_path: Path) -> None:
    city, clock = City(), FakeClock()
    city.install(tmp_path, city.mandate())
    room = make_room(tmp_path, clock)
    path = tmp_path / "eye" / "clock-floor"
    clock.advance(299.0)
    room.poll()
    assert not path.exists()
    clock.advance(1.0)
    room.poll()
    assert path.exists()


def test_the_running_kernel_answers() -> None:
    found = kernel_clock_reader()()
    assert found.max_error_us >= 0


def error_ms(made: ClockProver) -> int:
    proof = made.prove()
    assert isinstance(proof, ClockProof)
    return proof.error_ms


def test_an_answer_that_waited_for_the_line_is_asked_for_again_at_once() -> None:
    """The first question of a start lies there until the link has connected."""
    clock = FakeClock()
    made = prover(clock, adrift())
    assert answered(made, clock, round_trip=3.0)
    assert error_ms(made) == 1521
    assert answered(made, clock, round_trip=0.06)
    assert error_ms(made) == 51
    assert made.ask() is None


def test_a_slow_line_is_asked_three_times_and_then_every_hour() -> None:
    clock = FakeClock()
    made = prover(clock, adrift())
    for round_trip in (3.0, 2.0, 2.5, 4.0):
        assert answered(made, clock, round_trip=round_trip)
    assert error_ms(made) <= 1022, "the sharpest of them holds"
    assert made.ask() is None
    clock.advance(HOUR)
    assert made.ask() is not None
