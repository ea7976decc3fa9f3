"""The program that fetches the share: one line of JSON, whatever happens."""

import json
from pathlib import Path

import pytest

from edge.board.machine import Machine, Output, read_settings, run_program
from edge.board.share import answer_line, fetch_share
from edge.board.trouble import BoardError, Trouble
from edge.errors import VigieError
from tests.edge.board.pole import Pole


def refusal(pole: Pole, output: Output) -> BoardError:
    pole.board.share = output
    with pytest.raises(BoardError) as refused:
        fetch_share(pole.board.machine)
    return refused.value


def test_a_pole_that_was_never_enrolled_says_so(tmp_path: Path) -> None:
    code, line = answer_line(Machine(tmp_path, run_program))
    assert code == 1
    assert json.loads(line)["trouble"] == "no_provisioning"


def test_root_reads_the_share_and_names_the_trouble(pole: Pole) -> None:
    share = bytes(range(32))
    pole.board.share = Output(0, f"a warning\n{json.dumps({'share': share.hex()})}\n")
    assert fetch_share(pole.board.machine) == share
    revoked = json.dumps({"trouble": "refused", "what": "device yard is revoked", "hint": None})
    told = refusal(pole, Output(1, revoked))
    assert (told.trouble, told.what) == (Trouble.REFUSED, "device yard is revoked")


@pytest.mark.parametrize("text", ["", "Traceback", "[]", '{"share": 7}', '{"trouble": "x"}'])
def test_a_program_that_says_nothing_sensible_is_never_quoted(pole: Pole, text: str) -> None:
    for code in (0, 1):
        told = refusal(pole, Output(code, text))
        assert told.what == f"the share's program ended with {code}"


def test_it_runs_as_the_links_user_without_any_right(pole: Pole) -> None:
    refusal(pole, Output(1, ""))
    started = pole.board.started[-1]
    assert started[:5] == ["setpriv", "--reuid", "vigie-link", "--regid", "vigie-link"]
    assert started[-2:] == ["-m", "edge.board.share"]


def test_settings_come_from_the_unit(pole: Pole) -> None:
    found = {"VIGIE_BOARD": "rpi", "VIGIE_BOARD_SECRET": "otp", "VIGIE_BUILD_EPOCH": "7"}
    assert read_settings(found).build_epoch_ns == 7 * 10**9
    with pytest.raises(VigieError, match="settings lack"):
        read_settings({})


def test_a_program_that_is_not_there_is_an_error_with_its_name() -> None:
    assert run_program(["vigie-no-such-program"]).code == 127
