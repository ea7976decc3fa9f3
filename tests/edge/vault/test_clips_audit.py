"""The vault's audit: a line is on the disk before the act, and no line can be other than it was."""

import json
import os
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.vault.clips_audit import AuditError, ClipAudit, check_audit


def _write(path: Path, *acts: str) -> None:
    audit = ClipAudit(path)
    for number, act in enumerate(acts):
        audit.write(1_790_000_000_000 + number, act, "clip-1", {"operator": "ada", "bytes": 7})
    audit.close()


def test_lines_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    _write(path, "asked", "accepted")
    _write(path, "cut")
    audit = ClipAudit(path)
    assert [line.act for line in audit.entries] == ["asked", "accepted", "cut"]
    checked = check_audit(path)
    assert (list(checked.lines), checked.head) == (audit.entries, audit.entries[-1].hash)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", ["edit", "remove", "swap", "renumber", "insert"])
def test_the_first_wrong_line_is_named(tmp_path: Path, change: str) -> None:
    path = tmp_path / "audit.jsonl"
    _write(path, "asked", "accepted", "cut", "delivered")
    lines = path.read_text().splitlines(keepends=True)
    if change == "edit":
        lines[1] = lines[1].replace("ada", "eve")
    elif change == "remove":
        del lines[1]
    elif change == "swap":
        lines[1:3] = lines[2:0:-1]
    elif change == "renumber":
        lines[1] = lines[1].replace('"line":2', '"line":3')
    else:
        lines.insert(1, lines[0])
    path.write_text("".join(lines))
    checked = check_audit(path)
    assert [line.line for line in checked.lines] == [1], "what is before it can be believed"
    assert checked.damage is not None
    assert checked.damage.kind is Kind.DATA_LOSS
    assert "line 2 was changed" in checked.damage.what
    with pytest.raises(AuditError, match="line 2 was changed"):
        ClipAudit(path)


def test_a_line_that_a_power_cut_left_half_written_is_none(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    _write(path, "asked", "accepted")
    whole = path.read_bytes()
    for length in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:length])
        checked = check_audit(path)
        assert (len(checked.lines), checked.damage) == (1, None)
        assert checked.torn_bytes == length - whole.index(b"\n") - 1
        _write(path, "again")
        assert len(check_audit(path).lines) == 2


def test_a_disk_that_refuses_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    _write(path, "asked")
    audit = ClipAudit(path)
    full = os.open("/dev/full", os.O_WRONLY)
    kept, audit._descriptor = audit._descriptor, full
    with pytest.raises(AuditError, match="no clip is cut without it"):
        audit.write(1, "accepted", "clip-1", {})
    os.close(full)
    audit._descriptor = kept
    audit.write(2, "accepted", "clip-1", {})
    assert len(check_audit(path).lines) == 2
    assert json.loads(path.read_text().splitlines()[1])["line"] == 2
