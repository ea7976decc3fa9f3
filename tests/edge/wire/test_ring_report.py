"""The vault's report reaches the link, and whatever else lies there reaches nobody."""

import os
from pathlib import Path

import pytest

from edge.link.status import read_status
from edge.spool.spool import Pending
from edge.wire.ring_report import (
    RingReport,
    read_ring_report,
    ring_report_path,
    write_ring_report,
)

GOOD = RingReport(1_000_000, 2_000_000, 1_760_000_000_000, None, 3)
FIELDS = b'"ring_bytes":1,"ring_quota_bytes":2,"oldest_utc_ms":null,"newest_utc_ms":null'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ring_report_path(tmp_path).parent.mkdir(parents=True)
    return tmp_path


def test_what_is_written_is_read(data: Path) -> None:
    assert write_ring_report(data, GOOD)
    assert read_ring_report(data) == GOOD


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 4_000,
        b'{"a":' * 800,
        b"{%s}" % FIELDS,
        b'{%s,"gaps":-1}' % FIELDS,
        b'{%s,"gaps":1e400}' % FIELDS,
        b'{%s,"gaps":NaN}' % FIELDS,
        b'{%s,"gaps":"3"}' % FIELDS,
        b'{%s,"gaps":true}' % FIELDS,
        b'{%s,"gaps":%d}' % (FIELDS, 2**64),
        b'{%s,"gaps":3,"gaps":4}' % FIELDS,
        b'{%s,"gaps":3,"more":4}' % FIELDS,
        b'{%s,"gaps":3}' % FIELDS + b" " * 5_000,
    ],
)
def test_what_is_no_report_is_none_and_the_link_goes_on(data: Path, found: bytes) -> None:
    ring_report_path(data).write_bytes(found)
    assert read_ring_report(data) is None
    assert not read_status(data, Pending(1, 0, 0, 0, 0, 1)).HasField("ring")


def test_a_pipe_and_a_link_in_its_place_are_not_waited_for(data: Path, tmp_path: Path) -> None:
    os.mkfifo(ring_report_path(data))
    assert read_ring_report(data) is None
    ring_report_path(data).unlink()
    (tmp_path / "elsewhere").write_bytes(b"{%s}" % FIELDS)
    ring_report_path(data).symlink_to(tmp_path / "elsewhere")
    assert read_ring_report(data) is None
