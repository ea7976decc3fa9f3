"""The one script that fills a board's table: it runs here, and its table reads as it should."""

import json
import subprocess
from pathlib import Path

import pytest

from tools.bench.decode import DECODE, OPENCV, OURS
from tools.board_table import make_table, read_facts

LIMIT_SECONDS = 900


@pytest.mark.timeout(LIMIT_SECONDS)
def test_the_script_measures_and_prints_a_table_to_paste(repository: Path, tmp_path: Path) -> None:
    words = ["tools/bench/board.sh", "--quick", "--only", "gate decode", "--out", str(tmp_path)]
    done = subprocess.run(
        words, cwd=repository, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## ")
    cells = [line.strip("|").split("|") for line in done.stdout.splitlines() if line[:1] == "|"]
    rows = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells}
    assert rows["python"], "the table says on what it was measured"
    assert rows["gate, MOG2"][2] == "0.06x"
    assert rows[f"1920x1080, {OURS}"][0].endswith(")"), "every figure has its spread"
    assert rows["eye"][0] == "not measured", "what did not run is said"


def test_unknown_words_are_answered_with_the_usage(repository: Path) -> None:
    done = subprocess.run(
        ["tools/bench/board.sh", "--fast"], cwd=repository, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Usage: tools/bench/board.sh" in done.stderr


def test_a_goal_is_met_or_missed_by_so_much_and_load_is_told_before_and_after(
    tmp_path: Path,
) -> None:
    facts = read_facts()
    (tmp_path / "before.json").write_text(json.dumps(facts | {"load": "0.1"}))
    (tmp_path / "after.json").write_text(json.dumps(facts | {"load": "1.2"}))
    rows = [
        {"name": name, "median_ms": ms, "least_ms": ms, "most_ms": ms}
        for name, ms in ((DECODE, 10.0), (OURS, 11.0), (OPENCV, 11.0))
    ]
    film = {"width_px": 1920, "height_px": 1080, "mbit_s": 4.0, "rows": rows}
    (tmp_path / "decode.json").write_text(json.dumps({"films": [film]}))
    cameras = [
        {"cameras": count, "core_ms_a_second": 125.0, "least": 124.0, "most": 126.0,
         "cameras_a_core": 8.0, "resident_sum_mb": 200.0 + 90 * count,
         "resident_once_mb": 150.0 + 30 * count}
        for count in (1, 2)
    ]  # fmt: skip
    further = {"resident_sum_mb": 90.0, "resident_once_mb": 50.0}
    told = {"rows": cameras, "further_mb": further}
    (tmp_path / "cameras.json").write_text("a library's own words\n" + json.dumps(told))
    table = make_table(tmp_path)
    assert "| load | 0.1; after it 1.2 |" in table
    assert f"| 1920x1080, {DECODE} | 10.00 ms (10.00 to 10.00) | 1.10x | 1.20x | met |" in table
    assert (
        f"| 1920x1080, {OPENCV} | 11.00 ms (11.00 to 11.00) | 1.00x | 0.85x | missed by 18% |"
        in (table)
    )
    assert "8.0 cameras a core" in table
    assert "180.0 MB; resident sizes added up 290.0 MB | 1.00x | 1.00x | met |" in table
    assert "50.0 MB; resident sizes added up 90.0 MB | 1.25x | 1.00x | missed by 25% |" in table
