"""`vigie vault audit`: the pole's own audit is listed, and every way of damage is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.vault.clips_audit import FILE_NAME, ClipAudit
from tests.fakes.control_room import run_vigie

UTC_MS = 1_790_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An audit of four lines."""
    path = tmp_path / "vault" / FILE_NAME
    path.parent.mkdir()
    audit = ClipAudit(path)
    for number, act in enumerate(("asked", "accepted", "cut", "delivered")):
        audit.write(UTC_MS + number, act, "clip-1", {"operator": "ada", "bytes": 7, "event": None})
    audit.close()
    return path


def test_a_whole_audit_is_listed_with_its_head(path: Path, tmp_path: Path) -> None:
    told = run_vigie("vault", "audit", "--data", tmp_path)
    assert told.returncode == 0, told.stderr
    rows = [line.split() for line in told.stdout.splitlines()]
    assert [row[0] for row in rows[-4:]] == ["1", "2", "3", "4"]
    assert rows[-1][1:] == ["2026-09-21T14:13:20.003Z", "delivered", "clip-1", "operator=ada",
                            "bytes=7"]  # fmt: skip
    assert "the chain of 4 lines is whole; its head is" in told.stderr
    record = json.loads(run_vigie("vault", "audit", "--data", tmp_path, "--json").stdout)
    assert (record["is_whole"], record["damage"], len(record["lines"])) == (True, None, 4)
    assert record["lines"][0]["detail"] == {"operator": "ada", "bytes": 7, "event": None}


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"ada", b"eve"), *lines[2:]]


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "changed": changed,
    "removed": lambda lines: [lines[0], *lines[2:]],
    "swapped": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "repeated": lambda lines: [lines[0], lines[0], *lines[1:]],
    "no line": lambda lines: [lines[0], b"\xff\x00 nothing\n", *lines[1:]],
    "too long": lambda lines: [lines[0], b" " * 20_000 + b"\n", *lines[1:]],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named_by_its_line(path: Path, tmp_path: Path, damage: str) -> None:
    path.write_bytes(b"".join(DAMAGES[damage](path.read_bytes().splitlines(keepends=True))))
    before = path.read_bytes()
    told = run_vigie("vault", "audit", "--data", tmp_path)
    assert told.returncode == 7
    assert "line 2 was changed, or the line before it was" in told.stderr
    assert [line.split()[0] for line in told.stdout.splitlines()][-1] == "1"
    told = run_vigie("vault", "audit", "--data", tmp_path, "--json")
    assert told.returncode == 7
    record = json.loads(told.stdout)
    assert (record["is_whole"], len(record["lines"])) == (False, 1)
    assert "line 2" in record["damage"]
    assert path.read_bytes() == before, "it is evidence"


def test_a_last_line_without_its_end_is_told_and_no_damage(path: Path, tmp_path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])
    told = run_vigie("vault", "audit", "--data", tmp_path)
    assert told.returncode == 0, told.stderr
    assert "bytes of a last line have no end" in told.stderr
    assert "the chain of 3 lines is whole" in told.stderr


def test_where_there_is_none_that_is_said(tmp_path: Path) -> None:
    told = run_vigie("vault", "audit", "--data", tmp_path)
    assert told.returncode == 4
    assert "the vault's audit cannot be read (No such file or directory)" in told.stderr
