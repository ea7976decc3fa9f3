"""`vigie calibration` and `vigie audit` as a person runs them."""

import json
import time
from pathlib import Path

from tests.edge.cli.test_collector import vigie
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import CALIBRATION, Stage, crossing


def test_the_report_is_written_beside_a_collector_that_runs(tmp_path: Path) -> None:
    data, out = tmp_path / "collector", tmp_path / "calibration.html"
    with Stage(data, FakeClock(utc_ns=time.time_ns())) as stage:
        stage.deliver(crossing(), crossing(), dictionary=CALIBRATION)
        stage.deliver(crossing())
        ran = vigie("calibration", "report", "--data", str(data), "--out", str(out), "--json")
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert (told["rules"], told["signals"]) == (1, 2)
        page = out.read_text()
        assert "fence, camera north of pole-7" in page
        assert page.count("<svg") == 1
        assert "<img" not in page
        verified = vigie("audit", "verify", "--data", str(data), "--json")
        assert json.loads(verified.stdout)["lines"] > 0
        listed = vigie("audit", "list", "--data", str(data), "--json")
        lines = [json.loads(line) for line in listed.stdout.splitlines()]
        assert [line["who"] for line in lines if line["action"] == "read calibration"] == [
            "console:local"
        ]


def test_a_folder_without_a_collector_is_named(tmp_path: Path) -> None:
    ran = vigie("calibration", "report", "--data", str(tmp_path), "--out", str(tmp_path / "x.html"))
    assert ran.returncode == 4
    assert "there is no collector's database here" in ran.stderr
