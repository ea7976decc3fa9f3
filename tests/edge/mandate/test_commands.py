"""`vigie mandate` as people run it: two signers and a technician, on machines without a network."""

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli.mandate import mandate
from edge.mandate.gate import Facts
from edge.mandate.mailbox import write_incoming
from edge.mandate.places import trust_path
from edge.mandate.reason import Reason
from edge.mandate.statement import CLIPS_A_DAY
from edge.mandate.trust import load_trust
from edge.site.canonical import rules_sha256
from edge.site.check import load_site
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import make_room

SITE = """\
version = 1
[site]
name = "Gare"
time_zone = "Europe/Paris"
[[camera]]
name = "north"
source = "sim:street"
[[zone]]
name = "quai"
camera = "north"
polygon_frac = [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]]
[[rule]]
name = "platform"
function = "intrusion"
zone = "quai"
[[rule]]
name = "waiting"
function = "loitering"
zone = "quai"
"""
NEW = [
    *("new", "site.toml", "--version", "1", "--device", "pole-1", "--contact", "dpo@ville.example"),
    *("--ring-days", "7", "--from", "2026-09-01", "--until", "2026-10-31", "--clips", "supervisor"),
]
TEXTS = [
    *("--authority", "Ville de X", "--legal-basis", "Arrêté"),
    *("--purpose", "Voies", "--place", "Gare"),
]
# FakeClock's first moment is 2026-09-21T14:13:20Z.
AT = ["--at", "2026-09-21T14:13:20Z"]
EXIT_NO, EXIT_INVALID, EXIT_NOT_FOUND, EXIT_REFUSED = 1, 3, 4, 5


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Two keys, a trust file that wants both, a site and a mandate for it, not signed."""
    (tmp_path / "site.toml").write_text(SITE)
    for name in ("mayor", "prefect", "stranger"):
        vigie(tmp_path, "keygen", name)
    vigie(
        tmp_path, "trust", "--authority", "Ville de X", "--threshold", "2",
        "--key", "mayor.pub.json", "--key", "prefect.pub.json",
    )  # fmt: skip
    vigie(tmp_path, *NEW, *TEXTS, "--profile", "bench")
    return tmp_path


def run(cwd: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edge.cli.main", "mandate", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def vigie(cwd: Path, *words: str) -> str:
    done = run(cwd, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_two_keys_to_a_pole_that_sees_and_one_that_stops(desk: Path) -> None:
    vigie(desk, "sign", "mandate.json", "--key", "mayor.key.pem", "--yes")
    half = run(desk, "verify", "mandate.signed.json", "--trust", "trust.json", *AT)
    assert half.returncode == EXIT_NO
    assert half.stdout == (
        "mandate.signed.json: not valid\n  1 of the 2 signatures that are needed\n"
    )
    vigie(desk, "sign", "mandate.signed.json", "--key", "prefect.key.pem", "--yes")
    told = vigie(desk, "verify", "mandate.signed.json", "--trust", "trust.json", *AT)
    assert told == (
        "mandate.signed.json: in force\n"
        "  signed by mayor, prefect\n"
        "  version 1 of Ville de X, profile bench, operation, for pole-1\n"
        "  from 2026-08-31T22:00:00Z until 2026-10-31T23:00:00Z\n"
        "  its windows are open at 2026-09-21T14:13:20Z\n"
    )
    data = desk / "pole"
    data.mkdir()
    trust_path(data).write_bytes((desk / "trust.json").read_bytes())
    write_incoming(data, (desk / "mandate.signed.json").read_bytes())
    room = make_room(data, FakeClock())
    model = json.loads((desk / "mandate.json").read_text())["models"]
    hashes = rules_sha256(load_site(SITE, file="site.toml"))
    room.set_facts(Facts(hashes, frozenset(model)))
    assert room.permit("north").reason is None
    assert room.permit("north").clip_requesters == ("supervisor",)
    moved = rules_sha256(load_site(SITE.replace("0.9", "0.8"), file="site.toml"))
    room.set_facts(Facts(moved, frozenset(model)))
    assert room.permit("north").reason is Reason.RULES_CHANGED
    room.set_facts(Facts(hashes, frozenset(model)))
    vigie(
        desk, "revoke", "mandate.signed.json", "--key", "prefect.key.pem", "--reason", "over",
        "--yes",
    )  # fmt: skip
    write_incoming(data, (desk / "mandate.signed.revoked.json").read_bytes())
    room.poll()
    assert room.permit("north").reason is Reason.REVOKED


def test_a_key_is_for_its_holder_alone_and_never_overwritten(desk: Path) -> None:
    key = desk / "mayor.key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    again = run(desk, "keygen", "mayor")
    assert again.returncode == EXIT_REFUSED
    assert again.stderr == (
        "vigie: mayor.key.pem: exists already and is not overwritten\n"
        "  Name another place with --out, or move the old file away.\n"
    )
    assert key.read_bytes() == before


def test_a_function_outside_the_profile_is_not_written_down(desk: Path) -> None:
    refused = run(desk, *NEW, *TEXTS, "--profile", "fr-2023-380", "--out", "fr.json")
    assert refused.returncode == EXIT_REFUSED
    assert refused.stderr.startswith(
        "vigie: profile fr-2023-380 does not allow: loitering\n"
        "  Name the functions with --function; it allows abandoned_object, "
    )
    assert not (desk / "fr.json").exists()


def test_a_profile_whose_law_has_ended_gives_no_mandate(desk: Path) -> None:
    words = [*NEW, *TEXTS, "--profile", "fr-2023-380", "--function", "intrusion"]
    refused = run(desk, *words, "--out", "fr.json")
    assert refused.returncode == EXIT_INVALID
    assert "the legal basis of profile fr-2023-380 ended on 2025-03-31T22:00:00Z" in refused.stderr


def test_windows_are_typed_as_people_say_them(desk: Path) -> None:
    words = ["--profile", "bench", "--out", "w.json", "--window", "mon-fri 22:00-06:00"]
    vigie(desk, *NEW, *TEXTS, *words, "--window", "sat,sun 00:00-24:00", "--calibration")
    made = json.loads((desk / "w.json").read_text())
    assert made["windows"] == [
        {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "starts": "22:00", "ends": "06:00"},
        {"weekdays": ["sat", "sun"], "starts": "00:00", "ends": "24:00"},
    ]
    assert made["mode"] == "calibration"
    refused = run(desk, *NEW, *TEXTS, "--profile", "bench", "--window", "nights", "--out", "x")
    assert refused.stderr == (
        'vigie: "nights" is no window\n'
        '  Write one such as "mon-fri 22:00-06:00" or "sat,sun 00:00-24:00".\n'
    )


def test_the_most_clips_a_day_are_signed(desk: Path) -> None:
    assert json.loads((desk / "mandate.json").read_text())["clips_per_camera_a_day"] == CLIPS_A_DAY
    told = vigie(desk, "new", "--help")
    assert f"Default: {CLIPS_A_DAY}." in told
    vigie(desk, *NEW, *TEXTS, "--profile", "bench", "--out", "few.json", "--clips-a-day", "3")
    assert json.loads((desk / "few.json").read_text())["clips_per_camera_a_day"] == 3
    refused = run(desk, *NEW, *TEXTS, "--profile", "bench", "--out", "x", "--clips-a-day", "1001")
    assert refused.returncode == EXIT_INVALID
    assert "clips_per_camera_a_day: is 1001; allowed: 1 to 1000" in refused.stderr
    assert not (desk / "x").exists()


def test_the_page_and_the_notice_are_shown_in_the_language_asked_for(desk: Path) -> None:
    assert vigie(desk, "show", "mandate.json", "--language", "fr").startswith("Mandat, version 1")
    assert vigie(desk, "show", "mandate.json", "--language", "es").startswith("Mandato, versión 1")
    assert "Not signed yet" in vigie(desk, "show", "mandate.json")
    assert json.loads(vigie(desk, "show", "mandate.json", "--json"))["profile"] == "bench"
    vigie(desk, "show", "mandate.json", "--notice", "--language", "fr", "--out", "notice.html")
    assert '<html lang="fr">' in (desk / "notice.html").read_text()


def test_verify_says_what_ends_soon_what_is_over_and_what_is_revoked(desk: Path) -> None:
    for name in ("mayor", "prefect"):
        file = "mandate.json" if name == "mayor" else "mandate.signed.json"
        vigie(desk, "sign", file, "--key", f"{name}.key.pem", "--yes")
    states = {}
    for moment in ("2026-08-01", "2026-10-20", "2026-11-20"):
        words = ["mandate.signed.json", "--trust", "trust.json", "--at", f"{moment}T00:00:00Z"]
        done = run(desk, "verify", *words, "--json")
        record = json.loads(done.stdout)
        states[moment] = (record["state"], record["says"][-1], done.returncode)
    assert states["2026-08-01"][0::2] == ("not in force yet", EXIT_NO)
    assert states["2026-10-20"] == ("in force", "ENDS SOON: in 11 days", 0)
    assert states["2026-11-20"][0::2] == ("expired", EXIT_NO)
    other = run(
        desk, "verify", "mandate.signed.json", "--trust", "trust.json", "--device", "p", *AT
    )
    assert other.stdout.startswith("mandate.signed.json: not valid: it is not for p\n")
    signed = ["revoke", "mandate.signed.json", "--key", "mayor.key.pem", "--reason", "r", "--yes"]
    vigie(desk, *signed)
    both = ["mandate.signed.json", "mandate.signed.revoked.json", "--trust", "trust.json"]
    done = run(desk, "verify", *both, *AT)
    assert done.returncode == EXIT_NO
    assert done.stdout.startswith("mandate.signed.json: revoked\n")


def test_a_file_that_is_missing_or_too_large_is_said(desk: Path) -> None:
    missing = run(desk, "show", "nothing.json")
    assert missing.returncode == EXIT_NOT_FOUND
    assert missing.stderr == "vigie: nothing.json: there is no such file\n"
    (desk / "flood.json").write_bytes(b"[" * 10_000_000)
    flood = run(desk, "verify", "flood.json", "--trust", "trust.json")
    assert flood.returncode == EXIT_INVALID
    assert flood.stderr == "vigie: flood.json: has more than 65536 bytes\n"


def test_signing_asks_first(desk: Path) -> None:
    asked = run(desk, "sign", "mandate.json", "--key", "mayor.key.pem")
    assert asked.returncode != 0
    assert "Mandate, version 1" in asked.stderr
    assert not (desk / "mandate.signed.json").exists()


def test_a_protected_key_wants_its_passphrase(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    runner = CliRunner()
    made = runner.invoke(mandate, ["keygen", "notary", "--protect"], input="open\nopen\n")
    assert made.exit_code == 0
    words = ["sign", "mandate.json", "--key", "notary.key.pem", "--yes"]
    wrong = runner.invoke(mandate, words, input="shut\n")
    assert str(wrong.exception).startswith("this is no private key, or its passphrase is another")
    assert not Path("mandate.signed.json").exists()
    assert runner.invoke(mandate, words, input="open\n").exit_code == 0


def test_a_trust_file_holds_the_readers_and_the_collectors_key(desk: Path) -> None:
    run(desk, "keygen", "collector")
    raw = bytes(range(32))
    reader = {"name": "room", "keyid": hashlib.sha256(raw).hexdigest()}
    reader["x25519"] = base64.b64encode(raw).decode()
    (desk / "room.pub.json").write_text(json.dumps(reader))
    words = ["trust", "--authority", "X", "--threshold", "1", "--key", "mayor.pub.json", "--json"]
    told = vigie(
        desk, *words, "--clip-key", "collector.pub.json", "--reader", "room.pub.json",
        "--version-floor", "3", "--out", "full.json",
    )  # fmt: skip
    made = load_trust((desk / "full.json").read_bytes())
    assert json.loads(told)["fingerprint"] == made.fingerprint
    assert [each.name for each in made.readers] == ["room"]
    assert made.clip_key is not None
    assert made.version_floor == 3
    few = run(desk, *words[:3], "--threshold", "2", "--key", "mayor.pub.json", "--out", "few.json")
    assert few.stderr == (
        "vigie: threshold: is 2, and there are 1 keys: no mandate could ever be signed\n"
    )
    assert not (desk / "few.json").exists()
