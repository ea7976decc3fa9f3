"""The register that an auditor checks with tools of his own, and the audit that says so."""

import csv
import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import cast

import pytest

from collector.rights import Role
from edge.wire.v1 import event_pb2
from tests.fakes.clock import FakeClock
from tests.fakes.page_stage import CALIBRATION, Browserless, Stage, crossing, presence

Rows = list[dict[str, object]]
DAY_MS = 86_400_000


@pytest.fixture
def mayor(stage: Stage) -> Browserless:
    caller = Browserless(stage.address)
    caller.enter(stage, "mayor", Role.AUTHORITY)
    return caller


def period(clock: FakeClock) -> str:
    now_ms = clock.utc_ns() // 1_000_000
    return f"from={now_ms - 7 * DAY_MS}&to={now_ms + DAY_MS}"


@pytest.fixture
def lived(stage: Stage, ana: Browserless) -> Stage:
    """Four signals with outcomes, one interruption, and what a calibration saw."""
    stage.deliver(crossing(), crossing(), crossing(), presence(event_pb2.PHASE_START, 900))
    stage.deliver(presence(event_pb2.PHASE_END, 9_000, back=1))
    stage.deliver(event_pb2.Event(rule=4, phase=event_pb2.PHASE_START))
    stage.deliver(crossing(), dictionary=CALIBRATION)
    for number, verdict in ((1, "confirmed"), (2, "rejected"), (3, "unsure")):
        ana.post(f"/api/signals/{number}/review", {"verdict": verdict, "note": "a cat"})
    return stage


def unpack(caller: Browserless, clock: FakeClock, folder: Path) -> Path:
    packed = caller.get_bytes(f"/api/register/export?{period(clock)}")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    return folder


def test_weeks_say_outcomes_and_the_share_of_false_alarms(
    lived: Stage, mayor: Browserless, clock: FakeClock
) -> None:
    read = mayor.get(f"/api/register?{period(clock)}").json()
    assert (read["signals"], read["interruptions"]) == (4, 1)
    (week,) = cast(Rows, read["weeks"])
    assert week.pop("week")
    assert week == {
        "signals": 4, "confirmed": 1, "rejected": 1, "unsure": 1, "unreviewed": 1,
        "false_share": 0.5,
    }  # fmt: skip


def test_the_archive_holds_who_said_what_when_and_no_note(
    lived: Stage, mayor: Browserless, clock: FakeClock, tmp_path: Path
) -> None:
    folder = unpack(mayor, clock, tmp_path / "register")
    with (folder / "signals.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rule"], row["outcome"], row["reviewer"]) for row in rows] == [
        ("fence", "confirmed", "account:ana"),
        ("fence", "rejected", "account:ana"),
        ("fence", "unsure", "account:ana"),
        ("night-yard", "unreviewed", ""),
    ]
    assert (rows[0]["delay_ms"], rows[3]["duration_ms"]) == ("400", "9000")
    assert "a cat" not in (folder / "signals.csv").read_text()
    assert "camera_covered" in (folder / "interruptions.csv").read_text()
    assert (folder / "register.pdf").read_bytes().startswith(b"%PDF-")
    lines = lived.run(lived.core.services.audit.list_lines(0, 1000))
    assert "export register" in [line.action for line in lines if line.who == "account:mayor"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_an_auditor_needs_openssl_and_sha256sum_only(
    lived: Stage, mayor: Browserless, clock: FakeClock, tmp_path: Path
) -> None:
    folder = unpack(mayor, clock, tmp_path / "register")
    commands = [
        line.split() for line in (folder / "VERIFY.txt").read_text().splitlines()
        if line.startswith(("  openssl", "  sha256sum"))
    ]  # fmt: skip
    assert len(commands) == 2
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    weeks = folder / "weeks.csv"
    weeks.write_text(weeks.read_text().replace("0.5000", "0.0500"))
    assert subprocess.run(commands[1], cwd=folder, capture_output=True, check=False).returncode
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("0", "1", 1))
    assert subprocess.run(commands[0], cwd=folder, capture_output=True, check=False).returncode


def test_a_period_that_is_none_is_refused(mayor: Browserless) -> None:
    answer = mayor.get("/api/register?from=5&to=5")
    assert answer.status == 400
    assert "a register is of 1 to 400 days" in answer.text


def test_the_audit_is_read_and_verified_and_says_so_itself(
    lived: Stage, mayor: Browserless
) -> None:
    lines = cast(Rows, mayor.get("/api/audit").json()["lines"])
    assert (lines[-1]["who"], lines[-1]["action"]) == ("account:mayor", "read audit")
    verified = mayor.get("/api/audit/verify").json()
    assert cast(int, verified["lines"]) == len(lines) + 1
    later = cast(Rows, mayor.get(f"/api/audit?after={len(lines)}").json()["lines"])
    assert later[0]["action"] == "verify audit"
    assert later[0]["hash"] == verified["head"]
