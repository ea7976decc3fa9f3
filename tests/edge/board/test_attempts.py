"""Tried until it works; what was wrong meanwhile is told once and taken back."""

from collections.abc import Iterable

import pytest

from edge.board.attempts import as_board_error, repeat_until_done, tell
from edge.board.trouble import BoardError, Trouble
from tests.edge.board.pole import Pole

AWAY = BoardError(Trouble.NO_NETWORK, "the collector does not answer")
LOCKED = BoardError(Trouble.REFUSED, "this pole was revoked")


async def repeat(pole: Pole, troubles: Iterable[BoardError]) -> list[tuple[float, str]]:
    """One attempt for each trouble and one that works: each wait, and the report on the card."""
    waited: list[tuple[float, str]] = []
    left = iter(troubles)

    async def attempt() -> None:
        if (trouble := next(left, None)) is not None:
            raise trouble

    async def sleep(seconds: float) -> None:
        waited.append((seconds, pole.report.partition("\n")[0]))

    await repeat_until_done(pole.board.machine, attempt, sleep)
    return waited


async def test_a_report_stands_while_it_is_true(pole: Pole) -> None:
    waited = await repeat(pole, [AWAY, AWAY, LOCKED, AWAY])
    assert waited == [(2, "no_network"), (4, "no_network"), (300, "refused"), (16, "no_network")]
    assert pole.report == ""


async def test_the_same_trouble_is_written_once(pole: Pole) -> None:
    await repeat(pole, [AWAY] * 5)
    written = [words for words in pole.board.started if words[0] == "mount" and "rw," in words[4]]
    assert len(written) == 2, "once to report it, once to take it back"


async def test_what_another_program_reported_is_left_to_it(pole: Pole) -> None:
    tell(pole.board.machine, LOCKED)
    await repeat(pole, [])
    assert pole.report.startswith("refused\n")


async def test_what_an_attempt_that_worked_reported_stays(pole: Pole) -> None:
    """As a first boot does that leaves a bad file where it is, and goes on with what it has."""
    left = iter([AWAY])

    async def attempt() -> None:
        if (trouble := next(left, None)) is not None:
            raise trouble
        tell(pole.board.machine, LOCKED)

    async def sleep(_: float) -> None:
        assert pole.report.startswith("no_network\n")

    await repeat_until_done(pole.board.machine, attempt, sleep)
    assert pole.report.startswith("refused\n")


async def test_a_card_that_takes_no_writing_keeps_no_pole_from_work(
    pole: Pole, caplog: pytest.LogCaptureFixture
) -> None:
    tell(pole.board.machine, AWAY)
    pole.board.is_locked = True
    await repeat(pole, [AWAY])
    assert "report_not_written" in caplog.text
    assert "report_not_removed" in caplog.text
    assert as_board_error(AWAY) is AWAY
