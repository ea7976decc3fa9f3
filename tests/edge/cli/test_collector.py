"""`vigie collector` as a person runs it."""

import json
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.waiting import wait_until

SECONDS = 60.0
PORTS = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]


def vigie(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


@contextmanager
def running(data: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge.cli.main", "collector", "run", "--data", str(data)]
    with subprocess.Popen([*command, *PORTS], stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until_ready(data, process)
            yield process
        finally:
            process.kill()


def wait_until_ready(data: Path, process: subprocess.Popen[str]) -> None:
    written = data / "operator" / "collector.toml"

    def is_ready() -> bool:
        assert process.poll() is None, "the collector ended by itself"
        return written.exists() and tomllib.loads(written.read_text())["process"] == process.pid

    folders = [data.parent, data]
    wait_until(is_ready, "the collector is ready", folders=folders, within_seconds=SECONDS)


def test_it_says_where_it_listens_and_ends_cleanly(tmp_path: Path) -> None:
    data = tmp_path / "collector"
    with running(data) as process:
        link = (data / "operator" / "first-account.txt").read_text().strip()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert f"vigie: make the first account within a day at {link}\n" in said
    assert "Traceback" not in said
    for name in ("key.pem", "first-account.txt"):
        assert (data / "operator" / name).stat().st_mode & 0o777 == 0o600


def test_a_second_collector_on_the_same_directory_says_why_not(tmp_path: Path) -> None:
    data = tmp_path / "collector"
    with running(data):
        second = vigie("collector", "run", "--data", str(data), *PORTS)
    assert second.returncode == 6
    assert second.stderr == (
        f"vigie: {data}: another collector uses this data directory\n"
        "  Stop it first, or give another directory with --data DIR.\n"
    )


def test_the_audit_is_listed_and_verified_beside_a_running_collector(tmp_path: Path) -> None:
    data = tmp_path / "collector"
    with running(data):
        listed = vigie("audit", "list", "--data", str(data), "--json")
        verified = vigie("audit", "verify", "--data", str(data))
    lines = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(line["line"], line["action"]) for line in lines] == [
        (1, "invite account"),
        (2, "read audit"),
    ]
    assert verified.returncode == 0
    assert verified.stderr.startswith("the chain of 2 lines is whole; its head is ")


def test_an_audit_that_is_not_there_is_said(tmp_path: Path) -> None:
    asked = vigie("audit", "verify", "--data", str(tmp_path))
    assert asked.returncode == 4
    assert asked.stderr == (
        f"vigie: {tmp_path}/collector.db: there is no collector's database here\n"
        "  Give the directory that 'vigie collector run' was given with --data.\n"
    )


def test_a_lost_passkey_is_removed_at_the_collector_s_machine(tmp_path: Path) -> None:
    data = tmp_path / "collector"
    with running(data):
        with closing(sqlite3.connect(data / "collector.db", isolation_level=None)) as other:
            other.execute(
                "INSERT INTO passkeys (credential_id, account, name, public_key, sign_count, "
                "created_utc_ms) VALUES (x'01', 'olga', 'blue key', x'02', 0, 1790000000000)"
            )
        at = ("--data", str(data))
        listed = vigie("collector", "passkey", "list", "olga", *at, "--json")
        removed = vigie("collector", "passkey", "remove", "olga", "blue key", "--yes", *at)
        again = vigie("collector", "passkey", "remove", "olga", "blue key", "--yes", *at)
        empty = vigie("collector", "passkey", "list", "olga", *at)
        audit = vigie("audit", "list", *at, "--json")
    assert json.loads(listed.stdout) == {
        "name": "blue key", "created_utc_ms": 1790000000000, "used_utc_ms": None,
    }  # fmt: skip
    assert removed.stdout == "removed; olga has the password and what else is listed\n"
    assert (again.returncode, "olga has no passkey blue key" in again.stderr) == (4, True)
    assert "olga has no passkeys" in empty.stderr
    lines = [json.loads(line) for line in audit.stdout.splitlines()]
    assert [line["action"] for line in lines if line["who"] == "operator:local"] == [
        "list passkeys",
        "remove passkey",
        "list passkeys",
    ]


def test_a_page_s_address_that_can_have_no_passkeys_is_refused(tmp_path: Path) -> None:
    refused = vigie(
        "collector", "run", "--data", str(tmp_path), *PORTS, "--page-origin", "http://192.0.2.1"
    )
    assert refused.returncode == 3
    assert "'http://192.0.2.1' is no address of a page that can have passkeys" in refused.stderr
