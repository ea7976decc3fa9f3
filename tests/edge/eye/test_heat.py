"""Heat: steps down while a board is too hot, steps back when it has cooled, each of them told."""

from pathlib import Path

from edge.eye.heat import PARTS, Heat
from edge.eye.readings import read_is_throttled

SECOND_NS = 1_000_000_000


def steps(heat: Heat, celsius: list[float | None], *, is_throttled: bool = False) -> list[float]:
    """The parts of the budget that were announced, one reading a second."""
    told = []
    for second, each in enumerate(celsius):
        step = heat.look(each, 80.0, is_throttled=is_throttled, now_ns=second * SECOND_NS)
        if step is not None:
            told.append(step.part)
    return told


def test_a_board_that_stays_hot_goes_down_all_steps_and_no_further() -> None:
    heat = Heat()
    assert steps(heat, [85.0] * 300) == list(PARTS[1:])
    assert heat.part == PARTS[-1] > 0


def test_a_board_that_cools_goes_back_step_by_step() -> None:
    heat = Heat()
    hot: list[float | None] = [85.0] * 30
    assert steps(heat, [*hot, *[70.0] * 600]) == [0.7, 0.4, 0.7, 1.0]


def test_a_heat_near_the_limit_changes_nothing() -> None:
    heat = Heat()
    assert steps(heat, [85.0, *[78.0] * 600]) == [0.7]


def test_a_board_that_slows_itself_is_believed_without_a_sensor() -> None:
    assert steps(Heat(), [None] * 25, is_throttled=True) == [0.7, 0.4]
    assert steps(Heat(), [None] * 300) == []


def test_a_step_says_what_is_left() -> None:
    step = Heat().look(90.0, 80.0, is_throttled=False, now_ns=0)
    assert step is not None
    assert (step.reason, step.is_slower) == ("detector_at_70_percent", True)


def test_a_raspberry_pi_says_that_it_is_slowed_now_and_not_that_it_was(tmp_path: Path) -> None:
    flags = tmp_path / "get_throttled"
    for text, is_slowed in (
        ("0", False),
        ("50000", False),
        ("4", True),
        ("80008", True),
        ("x", False),
    ):
        flags.write_text(text)
        assert read_is_throttled(tmp_path / "none", flags) == is_slowed


def test_a_kernel_that_cools_the_processor_is_believed_and_a_fan_is_none(tmp_path: Path) -> None:
    for number, (kind, state) in enumerate((("pwm-fan", "3"), ("cpufreq-cpu0", "0"))):
        device = tmp_path / f"cooling_device{number}"
        device.mkdir()
        (device / "type").write_text(kind)
        (device / "cur_state").write_text(state)
    assert not read_is_throttled(tmp_path, tmp_path / "none")
    (tmp_path / "cooling_device1" / "cur_state").write_text("2")
    assert read_is_throttled(tmp_path, tmp_path / "none")
