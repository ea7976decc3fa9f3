"""Tokens on a card that open nothing: the reason stands on the card, and nothing ever listens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.doctor.looking import PoleFiles
from edge.doctor.token import Token, sign_token
from edge.mandate.keys import make_signing_key
from tests.fakes.board_programs import FakeBoard
from tests.fakes.lens import SITE
from tests.fakes.mandates import DEVICE
from tests.fakes.visits import NOW, VisitedPole


@pytest.fixture
def pole(tmp_path: Path) -> VisitedPole:
    # Nothing gets as far as the camera.
    files = PoleFiles(tmp_path / "site.toml", tmp_path / "pole", tmp_path / "models")
    files.site_file.write_text(SITE)
    files.data.mkdir()
    return VisitedPole(files, FakeBoard(tmp_path / "board"))


def refuse(pole: VisitedPole, token: Token | bytes, now: datetime = NOW) -> str:
    """What the card's report says after a start with that token."""
    opened: list[str] = []
    pole.put(token)
    assert pole.start(opened.append, now) is None
    assert opened == [], "it listened"
    assert not (pole.files.data / "doctor").exists(), "an opening was recorded"
    assert (pole.light / "brightness").read_text() == "1", "the pole is at work"
    assert pole.token.exists(), "what opened nothing stays to be looked at"
    head, _, rest = pole.report.partition("\n\n")
    assert head == "visit_refused"
    assert rest.count("\n") == 2, "what, and what to do"
    return rest


def test_a_token_for_another_pole(pole: VisitedPole) -> None:
    assert f"it is for yard, and this is {DEVICE}" in refuse(pole, pole.make_token(device="yard"))


def test_a_token_that_was_edited_after_signing(pole: VisitedPole) -> None:
    whole = sign_token(pole.make_token(), pole.technician)
    longer = sign_token(replace(pole.make_token(), minutes=60), pole.technician)
    edited = longer.partition(b'"signatures"')[0] + whole[whole.index(b'"signatures"') :]
    assert "the token opens nothing here: " in refuse(pole, edited)


def test_a_token_of_a_key_that_the_pole_does_not_know(pole: VisitedPole) -> None:
    stranger = sign_token(pole.make_token(), make_signing_key("stranger"))
    assert "is not one of those" in refuse(pole, stranger)


def test_a_token_that_is_over(pole: VisitedPole) -> None:
    assert "it expired on " in refuse(pole, pole.make_token(), NOW + timedelta(hours=24))


def test_a_clock_in_1970(pole: VisitedPole) -> None:
    told = refuse(pole, pole.make_token(), datetime(1970, 1, 1, 0, 2, tzinfo=UTC))
    assert "clock shows 1970-01-01T00:02:00Z" in told


def test_a_cable_that_the_pole_does_not_have(pole: VisitedPole) -> None:
    told = refuse(pole, pole.make_token(interface="end7"))
    assert told.startswith("there is no interface 'end7'\nThere are lo")


def test_a_board_without_a_cable_of_its_own(pole: VisitedPole) -> None:
    assert "the token names none" in refuse(pole, pole.make_token(interface=""))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 64, b"[" * 8192])
def test_a_file_that_is_no_token(pole: VisitedPole, content: bytes) -> None:
    assert "the token opens nothing here: " in refuse(pole, content)


def test_a_pole_that_knows_no_technician(pole: VisitedPole) -> None:
    (pole.files.data / "technician.pub").unlink()
    assert "this pole has no technician's key" in refuse(pole, pole.make_token())


def test_a_file_that_is_too_large_is_not_even_brought(pole: VisitedPole) -> None:
    pole.put(b"x" * 8193)
    assert pole.start(lambda _: None) is None


def test_a_card_that_takes_no_report(pole: VisitedPole) -> None:
    pole.board.is_locked = True
    pole.put(pole.make_token(device="yard"))
    assert pole.start(lambda _: None) is None
    assert pole.report == ""
