"""`vigie doctor` as a technician types it, against a real collector and a real film."""

import json
import os
import pwd
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from edge.doctor.looking import PoleFiles
from edge.eye.detector import Library
from edge.mandate.device_name import write_device
from edge.spool.places import spool_path
from edge.spool.verify import list_held
from edge.wire.eye_status import ensure_eye_folder, eye_status_path
from tests.edge.cli.test_device import take_trust
from tests.fakes.control_room import VIGIE, ControlRoom, run_vigie
from tests.fakes.lens import make_pole


@pytest.fixture
def files(tmp_path: Path, built_models: Library) -> PoleFiles:
    return make_pole(tmp_path, built_models.models_dir)


def places(files: PoleFiles) -> list[str | Path]:
    return ["--site", files.site_file, "--data", files.data, "--models", files.models]


def test_an_enrolled_pole_is_examined_and_its_signed_report_is_verified(
    room: ControlRoom, files: PoleFiles, tmp_path: Path
) -> None:
    fingerprint = take_trust(room, tmp_path)
    assert room.enrol("gate-9", files.data, authority=fingerprint).returncode == 0
    report = tmp_path / "gate-9.html"
    begun = time.monotonic()
    told = run_vigie("doctor", *places(files), "--json", "--report", report, "--still", "north")
    print(f"examined, one camera: {time.monotonic() - begun:.1f} s")
    assert told.returncode == 1, told.stderr
    found = {each["check"]: each for each in map(json.loads, told.stdout.splitlines())}
    assert found["picture"]["measured"] == "960 x 540 px, h264"
    assert found["uplink"]["verdict"] == "ok", found["uplink"]
    assert found["certificate"]["verdict"] == "ok"
    assert (found["mandate"]["verdict"], found["mandate"]["remedy"] is None) == ("fail", False)
    assert "no still was made: " in told.stderr
    assert told.stderr.endswith("vigie: not accepted\n")
    page = report.read_bytes()
    assert b"<img" not in page
    assert b"src=" not in page
    keys = tmp_path / "keys.json"
    run_vigie("collector", "device-keys", "--data", room.data, "--out", keys)
    check: list[str | Path] = ["--device-keys", keys, "--trust", tmp_path / "trust.json"]
    good = run_vigie("doctor", "verify", report, *check)
    assert good.returncode == 0, good.stderr
    assert re.search(r": gate-9 signed it on 20.*Z: not accepted\n$", good.stdout)
    report.write_bytes(page.replace(b">not accepted<", b">accepted<"))
    bad = run_vigie("doctor", "verify", report, *check)
    assert bad.returncode == 7
    assert "the page was changed after it was signed" in bad.stderr
    report.write_bytes(page.replace(b'"sig": "', b'"sig": "AA'))
    assert run_vigie("doctor", "verify", report, *check).returncode in {3, 5}


def test_the_table_says_what_to_do_and_a_pole_without_enrolment_signs_nothing(
    files: PoleFiles, tmp_path: Path
) -> None:
    shown = run_vigie("--plain", "doctor", *places(files))
    assert shown.returncode == 1
    assert "this device is not" in shown.stdout
    assert shown.stdout.splitlines()[0].split() == [
        "check",
        "verdict",
        "measured",
        "what",
        "to",
        "do",
    ]
    refused = run_vigie("doctor", *places(files), "--report", tmp_path / "r.html")
    assert refused.returncode == 5
    assert "this pole has no key to sign a report with: it is not enrolled" in refused.stderr


def test_while_the_eye_is_at_work_nobody_looks(files: PoleFiles) -> None:
    ensure_eye_folder(files.data)
    camera = {"camera": "north", "is_open": True, "frames_captured": 1, "frames_analysed": 1}
    status = {"uptime_ms": 1000, "cameras": [camera], "mandate_reason": "expired"}
    eye_status_path(files.data).write_text(json.dumps(status))
    # Fresh for as long as the commands need to start: only an eye that is gone has an old one.
    later = time.time() + 3600
    os.utime(eye_status_path(files.data), (later, later))
    told = run_vigie("doctor", *places(files), "--json")
    found = {each["check"]: each for each in map(json.loads, told.stdout.splitlines())}
    assert found["focus"]["verdict"] == "skipped"
    assert found["focus"]["measured"].endswith("add --pause-eye")
    assert found["mandate"]["measured"] in {"none holds: expired", "none holds: no_trust"}
    refused = run_vigie("doctor", *places(files), "--pause-eye")
    assert refused.returncode == 5
    assert "the eye is at work, and systemd does not keep it" in refused.stderr


@contextmanager
def opened(files: PoleFiles, token: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The page's address, and the command that shows it."""
    words = ["doctor", "open", token, "--port", "0", *places(files)]
    with subprocess.Popen(
        [*VIGIE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        address = command.stdout.readline().strip()
        try:
            assert address, command.communicate()
            yield address, command
        finally:
            command.send_signal(signal.SIGTERM)


def make_token(files: PoleFiles, folder: Path, name: str) -> Path:
    """A technician whose key the pole knows, and a token of theirs."""
    key = folder / "technician.key"
    if not key.exists():
        run_vigie("provision", "keygen", "technician", "--out", folder)
        write_device(files.data, "gate-9")
        (files.data / "technician.pub").write_bytes((folder / "technician.pub").read_bytes())
    cable: list[str | Path] = ["--interface", "lo", "--out", folder / name]
    made = run_vigie("doctor", "token", "gate-9", "--key", key, *cable)
    assert made.returncode == 0, made.stderr
    assert "http://169.254.77.1:8080/" in made.stdout
    return folder / name


def get(address: str, host: str | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, b""


def test_a_token_opens_the_page_once_and_the_button_closes_it(
    files: PoleFiles, tmp_path: Path
) -> None:
    token = make_token(files, tmp_path, "token.json")
    with opened(files, token) as (address, command):
        status, page = get(address)
        assert status == 200
        assert b"<h1>Pole gate-9</h1>" in page
        host, port = address.split("/")[2].split(":")
        assert get(f"http://{host}:{port}/")[0] == 404, "nothing without the token's number"
        assert get(address, host="rebound.example")[0] == 404
        while get(f"{address}north.jpg")[0] == 503:
            pass
        assert get(f"{address}north.jpg")[1].startswith(b"\xff\xd8")
        sight = json.loads(get(f"{address}sight")[1])["sights"]["north"]
        assert sight["focus"] > 150
        close = urllib.request.Request(f"{address}close", method="POST")
        urllib.request.urlopen(close, timeout=60).close()
        _, said = command.communicate(timeout=60)
        assert command.returncode == 0, said
        assert said.endswith("vigie: the page is closed (by button)\n")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=5)
    again = run_vigie("doctor", "open", token, *places(files))
    assert again.returncode == 5
    assert "it was used, or is older than one that was used" in again.stderr
    record = (files.data / "doctor" / "openings.jsonl").read_text().splitlines()
    assert [json.loads(line)["act"] for line in record] == ["opened", "closed"]
    held = list(list_held(spool_path(files.data)))
    assert sum(each.entry.last_seq - each.entry.first_seq + 1 for each in held) == 2


def test_a_signal_closes_the_page_and_nothing_listens_after_it(
    files: PoleFiles, tmp_path: Path
) -> None:
    with opened(files, make_token(files, tmp_path, "t.json")) as (address, command):
        host, port = address.split("/")[2].split(":")
        command.send_signal(signal.SIGTERM)
        _, said = command.communicate(timeout=60)
        assert said.endswith("vigie: the page is closed (by signal)\n")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has powers to give up")
def test_what_answers_the_browser_is_nobody_and_can_become_nobody_else(
    files: PoleFiles, tmp_path: Path
) -> None:
    with opened(files, make_token(files, tmp_path, "token.json")) as (address, command):
        assert get(address)[0] == 200
        server = next(
            child for child in psutil.Process(command.pid).children(recursive=True)
            if "edge.doctor.serving" in child.cmdline()
        )  # fmt: skip
        status = Path(f"/proc/{server.pid}/status").read_text()
        told = dict(line.split(":", 1) for line in status.splitlines())
        assert set(told["Uid"].split()) == {str(pwd.getpwnam("nobody").pw_uid)}
        assert told["Groups"].split() == []
        assert int(told["CapPrm"], 16) == int(told["CapEff"], 16) == int(told["CapAmb"], 16) == 0
        assert told["NoNewPrivs"].strip() == "1"
        own, ours = Path(f"/proc/{server.pid}/ns/net"), Path("/proc/self/ns/net")
        assert own.readlink() != ours.readlink()


def test_a_pole_without_a_technicians_key_opens_to_nobody(files: PoleFiles, tmp_path: Path) -> None:
    token = make_token(files, tmp_path, "token.json")
    (files.data / "technician.pub").unlink()
    refused = run_vigie("doctor", "open", token, *places(files))
    assert refused.returncode == 5
    assert "this pole has no technician's key, so nobody opens its page" in refused.stderr
    assert not (files.data / "doctor").exists()
