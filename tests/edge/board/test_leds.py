"""The light: a pattern for each trouble, on whatever lights the board has."""

from pathlib import Path

from edge.board.leds import LIGHT_OF, Light, show
from edge.board.trouble import Trouble
from tests.fakes.board_programs import FakeBoard


def test_every_trouble_has_a_light_and_every_light_another_pattern() -> None:
    assert set(LIGHT_OF) == set(Trouble)
    assert len({light.value[:2] for light in Light}) == len(list(Light))


def test_a_pattern_goes_to_the_boards_own_lights(tmp_path: Path) -> None:
    board = FakeBoard(tmp_path)
    assert show(board.machine, Light.FAULT) == 0
    for name in ("ACT", "mmc0::"):
        led = board.root / "sys/class/leds" / name
        led.mkdir(parents=True)
        (led / "trigger").write_text("[mmc0]")
    assert show(board.machine, Light.FAULT) == 1
    led = board.root / "sys/class/leds/ACT"
    assert [(led / name).read_text() for name in ("trigger", "delay_on", "delay_off")] == [
        "timer",
        "80",
        "80",
    ]
    assert (board.root / "sys/class/leds/mmc0::/trigger").read_text() == "[mmc0]"
    show(board.machine, Light.WORKING)
    assert [(led / name).read_text() for name in ("trigger", "brightness")] == ["none", "1"]
