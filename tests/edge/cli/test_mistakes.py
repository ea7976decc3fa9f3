"""What a person mistypes, as `mistakes.txt` has it: the exit code, and all that is said."""

import re
import sys
from pathlib import Path

import pytest

from edge.cli.main import main

SITE = Path(__file__).parents[3] / "edge" / "demo" / "sites" / "pedestrians.toml"
MISTAKES = re.findall(
    r"^\$ vigie (.+)\n((?:.*\n)+?)\[(\d+)\]$",
    Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_is_answered_with_what_where_and_what_next(
    mistake: tuple[str, str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line, said, code = mistake
    (tmp_path / "empty").touch()
    (tmp_path / "object").write_text("{}")
    places = {"empty": tmp_path / "empty", "object": tmp_path / "object", "site": SITE}
    words = [word.format(folder=tmp_path, **places) for word in line.split()]
    monkeypatch.setattr(sys, "argv", ["vigie", *words])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr()
    assert told.err == said.format(folder=tmp_path, **places)
    assert told.out == ""
    assert left.value.code == int(code)


def test_all_mistakes_are_read() -> None:
    text = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8")
    assert len(MISTAKES) == text.count("\n$ vigie ") > 25
