"""`vigie spool`: what waits, what is damaged, and exit codes that mean it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.spool.places import ensure_spool_folder, spool_path
from edge.spool.spool import Spool
from tests.edge.spool.scenes import fill


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ensure_spool_folder(tmp_path)
    with Spool(spool_path(tmp_path)) as spool:
        fill(spool, 70)
    return tmp_path


def vigie(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def damage(data: Path) -> None:
    path = spool_path(data)
    content = bytearray(path.read_bytes())
    content[content.index(b"vgB1") + 500] ^= 4
    path.write_bytes(content)


def test_a_whole_spool_verifies(data: Path) -> None:
    answer = vigie("spool", "verify", "--data", data)
    assert answer.returncode == 0
    assert "70 events whole, 0 missing, 0 dropped for the quota; seqs 1 to 70" in answer.stdout
    assert answer.stderr == ""


def test_damage_is_named_with_its_seqs_and_ends_with_code_seven(data: Path) -> None:
    damage(data)
    answer = vigie("spool", "verify", "--data", data)
    assert answer.returncode == 7
    first, second = answer.stdout.splitlines()
    assert first == f"{data}/spool/spool.db: seqs 11 to 11: the event's checksum does not match"
    assert "69 events whole, 1 missing" in second
    assert answer.stderr == (
        "vigie: the spool is damaged\n"
        "  The device repairs it when it opens it next and reports what is missing; start it with "
        "'vigie edge run'.\n"
    )


def test_verify_speaks_to_machines(data: Path) -> None:
    damage(data)
    answer = vigie("spool", "verify", "--json", "--data", data)
    report = json.loads(answer.stdout)
    assert answer.returncode == 7
    assert report["is_whole"] is False
    assert report["missing_events"] == 1
    assert report["findings"] == [
        {"what": "the event's checksum does not match", "first_seq": 11, "last_seq": 11}
    ]


def test_a_file_that_is_no_spool_is_damage(data: Path) -> None:
    spool_path(data).write_bytes(b"no spool at all " * 500)
    answer = vigie("spool", "verify", "--data", data)
    assert answer.returncode == 7
    assert "nothing of a spool is in it" in answer.stdout


def test_verify_changes_nothing(data: Path) -> None:
    damage(data)
    before = spool_path(data).read_bytes()
    vigie("spool", "verify", "--data", data)
    assert spool_path(data).read_bytes() == before


def test_ls_shows_batches(data: Path) -> None:
    answer = vigie("spool", "ls", "--json", "--data", data)
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [(row["first_seq"], row["last_seq"], row["events"]) for row in rows] == [
        (1, 32, 32),
        (33, 64, 32),
        (65, 70, 6),
    ]


def test_ls_shows_events_with_their_rules(data: Path) -> None:
    answer = vigie("spool", "ls", "--events", "--json", "--data", data)
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(events) == 70
    assert events[0] == {
        "seq": 1,
        "captured": "2026-09-21T14:13:20.001+00:00",
        "rule": "yard",
        "function": "intrusion",
        "phase": "start",
        "class": "person",
        "missing": 0,
    }


def test_an_empty_spool_says_that_nothing_waits(tmp_path: Path) -> None:
    ensure_spool_folder(tmp_path)
    Spool(spool_path(tmp_path)).close()
    answer = vigie("spool", "ls", "--data", tmp_path)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "nothing waits\n")


def test_no_spool_is_not_found(tmp_path: Path) -> None:
    answer = vigie("spool", "ls", "--data", tmp_path)
    assert answer.returncode == 4
    assert answer.stderr == (
        f"vigie: {tmp_path}/spool/spool.db: there is no spool here\n"
        "  Give the device's data directory with --data DIR.\n"
    )
