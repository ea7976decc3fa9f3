"""`vigie update` against a real collector, with a bundle as a build writes it."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.control_room import ControlRoom, run_vigie

CONTENT = bytes(range(256)) * 1200
ALL_DAY = ("--hours", "00:00-24:00", "--every-day", "--zone", "Europe/Paris")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("build") / "vigie-rpi-0.2.0.raucb"
    path.write_bytes(CONTENT)
    write_manifest(path)
    return path


def write_manifest(path: Path) -> None:
    content = path.read_bytes()
    fact = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    record = {"board": "rpi", "version": "0.2.0", "files": {path.name: fact}}
    path.with_suffix(".manifest.json").write_text(json.dumps(record))


@pytest.fixture(scope="module")
def poles(room: ControlRoom, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Two poles that are enrolled and said once that they run an image."""
    names = ("north", "yard")
    for name in names:
        told = room.enrol(name, tmp_path_factory.mktemp(name))
        assert told.returncode == 0, told.stderr
    with closing(sqlite3.connect(room.data / "collector.db", timeout=10)) as connection:
        rows = [(name, "A", "0.1.0", "rpi") for name in names]
        connection.executemany("INSERT INTO images VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    return names


def test_a_bundle_is_pushed_seen_halted_and_resumed(
    room: ControlRoom, bundle: Path, poles: tuple[str, ...]
) -> None:
    pushed = run_vigie("update", "push", bundle, "--to", "all", *ALL_DAY, "--data", room.data)
    assert pushed.returncode == 0, pushed.stderr
    assert "vigie update status 1" in pushed.stderr
    (stored,) = (room.data / "updates").iterdir()
    assert stored.read_bytes() == CONTENT
    listed = run_vigie("update", "status", "--data", room.data, "--json")
    (record,) = (json.loads(line) for line in listed.stdout.splitlines())
    assert record["state"] == "running"
    assert [wave["poles"] for wave in record["waves"]] == [1, 1]
    halted = run_vigie("update", "halt", "1", "--reason", "a festival", "--data", room.data)
    assert "halted" in halted.stdout
    one = run_vigie("update", "status", "1", "--data", room.data)
    assert one.returncode == 1
    assert "a festival" in one.stdout
    assert [line.split()[0] for line in one.stdout.splitlines()[-2:]] == ["north", "yard"]
    unasked = run_vigie("update", "resume", "1", "--data", room.data)
    assert unasked.returncode == 2
    assert "give --yes" in unasked.stderr
    refused = run_vigie("update", "resume", "1", "--data", room.data, answer="n\n")
    assert refused.returncode == 1
    resumed = run_vigie("update", "resume", "1", "--yes", "--json", "--data", room.data)
    assert json.loads(resumed.stdout)["state"] == "running"


def test_what_is_there_is_not_sent_again(
    room: ControlRoom, bundle: Path, poles: tuple[str, ...]
) -> None:
    told = run_vigie(
        "update", "push", bundle, "--to", "yard", *ALL_DAY, "--json", "--data", room.data
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["sha256"] == hashlib.sha256(CONTENT).hexdigest()


def test_a_changed_or_truncated_bundle_goes_nowhere(room: ControlRoom, tmp_path: Path) -> None:
    for wrong, said in (
        (CONTENT[:-1], "its build made 307200"),
        (b"x" + CONTENT[1:], "are others"),
    ):
        path = tmp_path / "vigie-rpi-0.2.0.raucb"
        path.write_bytes(CONTENT)
        write_manifest(path)
        path.write_bytes(wrong)
        told = run_vigie("update", "push", path, "--to", "all", "--data", room.data)
        assert told.returncode == 3
        assert said in told.stderr


def test_a_bundle_without_its_manifest_is_not_taken(room: ControlRoom, tmp_path: Path) -> None:
    path = tmp_path / "vigie-rpi-0.2.0.raucb"
    path.write_bytes(CONTENT)
    told = run_vigie("update", "push", path, "--to", "all", "--data", room.data)
    assert told.returncode == 4
    assert "vigie-rpi-0.2.0.manifest.json" in told.stderr
    for broken in ("{}", "[", "[" * 99_999, '{"files": []}'):
        path.with_suffix(".manifest.json").write_text(broken)
        told = run_vigie("update", "push", path, "--to", "all", "--data", room.data)
        assert told.returncode == 3
        assert "does not describe vigie-rpi-0.2.0.raucb" in told.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--to nobody", 4, "no enrolled pole nobody"),
        ("--to north", 5, "no mandate names a time zone"),
        ("--to ,", 2, "names no pole"),
        ("--to all --hours 9-16", 2, "write it as 09:00-16:00"),
        ("--to all --hours 09:00-09:00", 2, "ends when it starts"),
        ("--to all --waves 1,0", 2, "write it as 1,10,100"),
        ("--to all --zone Mars", 3, "no time zone"),
    ],
)
@pytest.mark.usefixtures("poles")
def test_a_push_that_cannot_be_says_what_to_change(
    room: ControlRoom, bundle: Path, options: str, code: int, said: str
) -> None:
    told = run_vigie("update", "push", bundle, *options.split(), "--data", room.data)
    assert told.returncode == code, told.stderr
    assert said in told.stderr


def test_a_rollout_that_is_none_is_not_found(room: ControlRoom) -> None:
    for verb in ("status", "halt"):
        told = run_vigie("update", verb, "77", "--data", room.data)
        assert told.returncode == 4
        assert "there is no rollout 77" in told.stderr
