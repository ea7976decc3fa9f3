"""`vigie device` against a real collector."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from edge.enrolment.identity import IdentityDirectory
from edge.evidence.key_list import verify_list
from edge.mandate.device_name import read_device
from edge.mandate.keys import load_private_pem, load_public_key
from edge.mandate.trust import load_trust, write_trust
from tests.fakes.control_room import ControlRoom, run_vigie
from tests.fakes.mandates import CITY, City
from tests.fakes.pole import Pole, listen_to_link


def _status(room: ControlRoom, name: str) -> dict[str, object]:
    listed = run_vigie("device", "status", "--data", room.data, "--json")
    records = [json.loads(line) for line in listed.stdout.splitlines()]
    return next(dict(record) for record in records if record["device"] == name)


def test_the_printed_command_enrols_a_device(room: ControlRoom, tmp_path: Path) -> None:
    invited = run_vigie("device", "invite", "yard", "--data", room.data)
    assert "The token works once, until " in invited.stderr
    assert invited.stdout.startswith(
        f"vigie device enrol --collector {room.read_addresses()['enrolment']} --ca ca.pem --token "
    )
    assert _status(room, "yard")["state"] == "invited"
    token = invited.stdout.split()[invited.stdout.split().index("--token") + 1]
    enrolled = room.enrol("yard", tmp_path, token)
    assert enrolled.returncode == 0, enrolled.stderr
    identity = IdentityDirectory(tmp_path / "identity").read_identity()
    assert identity.device == "yard"
    assert (
        identity.collector.rpartition(":")[2]
        == room.read_addresses()["sessions"].rpartition(":")[2]
    )
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "identity").iterdir()}
    assert set(modes) == {"key.pem", "certificate.pem", "ca.pem", "device.toml"}
    assert set(modes.values()) == {0o600}
    assert _status(room, "yard")["state"] == "enrolled"


def take_trust(room: ControlRoom, folder: Path) -> str:
    """Give the collector a city's trust file; its fingerprint."""
    key_file = folder / "collector.pub.json"
    made = run_vigie("collector", "clip-key", "--data", room.data, "--out", key_file)
    assert made.returncode == 0, made.stderr
    trust = replace(City().trust, clip_key=load_public_key(key_file.read_bytes()))
    (folder / "trust.json").write_bytes(write_trust(trust))
    taken = run_vigie("collector", "trust", folder / "trust.json", "--data", room.data)
    assert taken.returncode == 0, taken.stderr
    return trust.fingerprint


def test_an_enrolment_pins_whom_the_device_believes(room: ControlRoom, tmp_path: Path) -> None:
    fingerprint = take_trust(room, tmp_path)
    enrolled = room.enrol("square", tmp_path / "pole", authority=fingerprint)
    assert enrolled.returncode == 0, enrolled.stderr
    assert f"It believes mandates of {CITY} ({fingerprint})." in enrolled.stderr
    assert load_trust((tmp_path / "pole" / "trust.json").read_bytes()).fingerprint == fingerprint
    assert read_device(tmp_path / "pole") == "square"
    keys = tmp_path / "device-keys.json"
    exported = run_vigie("collector", "device-keys", "--data", room.data, "--out", keys)
    assert exported.returncode == 0, exported.stderr
    clip_key = load_public_key((tmp_path / "collector.pub.json").read_bytes())
    listed = verify_list(keys.read_bytes(), clip_key)
    (key,) = [each for each in listed.keys if each.device == "square"]
    own = load_private_pem("square", (tmp_path / "pole" / "vault" / "evidence.pem").read_bytes())
    assert key.keyid == own.public.keyid


def test_another_authority_than_the_demanded_one_is_not_believed(
    room: ControlRoom, tmp_path: Path
) -> None:
    found = take_trust(room, tmp_path)
    refused = room.enrol("lawn", tmp_path / "pole", authority="ab" * 32)
    assert refused.returncode == 5
    assert refused.stderr.startswith(
        f"vigie: the collector hands out another trust file (fingerprint {found})\n"
    )
    assert "run the same command with it" in refused.stderr
    left = {path.name for path in (tmp_path / "pole" / "identity").iterdir()}
    assert left == {"key.next.pem"}, "nothing is in force but the key that the token is good for"
    assert not (tmp_path / "pole" / "trust.json").exists()


def test_after_a_wrong_fingerprint_the_same_token_enrols_with_the_right_one(
    room: ControlRoom, tmp_path: Path
) -> None:
    fingerprint = take_trust(room, tmp_path)
    token, pole = room.invite("bridge"), tmp_path / "pole"
    refused = room.enrol("bridge", pole, token, authority="ab" * 32)
    assert refused.returncode == 5, refused.stderr
    enrolled = room.enrol("bridge", pole, token, authority=fingerprint)
    assert enrolled.returncode == 0, enrolled.stderr
    assert load_trust((pole / "trust.json").read_bytes()).fingerprint == fingerprint
    thief = room.enrol("bridge", tmp_path / "another-pole", token, authority=fingerprint)
    assert "was used already" in thief.stderr


def test_a_second_operator_is_somebody_else(room: ControlRoom, tmp_path: Path) -> None:
    made = run_vigie("collector", "operator", "sue", "--data", room.data, "--out", tmp_path / "sue")
    assert made.returncode == 0, made.stderr
    address = room.read_addresses()["sessions"]
    access = ["--collector", address, "--identity", str(tmp_path / "sue")]
    assert run_vigie("device", "status", *access).returncode == 0
    lines = run_vigie("audit", "list", "--data", room.data, "--limit", "1000")
    assert "operator:sue" in lines.stdout
    assert (tmp_path / "sue" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_the_collectors_own_operator_is_not_made_twice(room: ControlRoom, tmp_path: Path) -> None:
    out = tmp_path / "local"
    refused = run_vigie("collector", "operator", "local", "--data", room.data, "--out", out)
    assert refused.returncode == 3
    assert refused.stderr.startswith("vigie: 'local' cannot be an operator's name\n")
    assert not out.exists()


def test_a_token_that_was_used_is_refused_for_another_key(
    room: ControlRoom, tmp_path: Path
) -> None:
    token = room.invite("gate")
    assert room.enrol("gate", tmp_path / "first", token).returncode == 0
    refused = room.enrol("gate", tmp_path / "second", token)
    assert refused.returncode == 5
    assert refused.stderr.startswith(
        "vigie: the collector refused: the token for device gate was used already."
    )
    assert not (tmp_path / "second" / "identity" / "certificate.pem").exists()


def test_an_enrolment_whose_answer_was_lost_is_repeated_with_the_same_token(
    room: ControlRoom, tmp_path: Path
) -> None:
    token = room.invite("lane")
    identity = tmp_path / "identity"
    assert room.enrol("lane", tmp_path, token).returncode == 0
    # As the disk is when the power fails between the collector's answer and the certificate.
    (identity / "key.pem").rename(identity / "key.next.pem")
    (identity / "certificate.pem").unlink()
    repeated = room.enrol("lane", tmp_path, token)
    assert repeated.returncode == 0, repeated.stderr
    assert IdentityDirectory(identity).read_identity().device == "lane"


def test_an_unknown_token_is_refused_with_the_command_that_makes_one(
    room: ControlRoom, tmp_path: Path
) -> None:
    refused = room.enrol("roof", tmp_path, "never-given")
    assert refused.returncode == 5
    assert "the token is not for device roof" in refused.stderr
    assert "vigie device invite" in refused.stderr


async def test_revoking_ends_the_open_stream_and_refuses_the_next(
    room: ControlRoom, tmp_path: Path
) -> None:
    pole = Pole(tmp_path)
    assert room.enrol("bridge", tmp_path).returncode == 0
    pole.append(1)
    with listen_to_link() as told:
        async with pole.run_link():
            await told.wait_for("link_welcomed")
            before = await asyncio.to_thread(_status, room, "bridge")
            assert before["is_connected"] is True
            revoke = ["device", "revoke", "bridge", "--reason", "a test", "--data", str(room.data)]
            unsure = await asyncio.to_thread(run_vigie, *revoke, answer="n\n")
            assert unsure.returncode == 1
            revoked = await asyncio.to_thread(run_vigie, *revoke, "--yes")
            assert revoked.stderr == "bridge is revoked; 1 open streams were ended\n"
            line = await told.wait_for("link_closed")
            assert "device bridge is revoked" in line
    assert _status(room, "bridge")["state"] == "revoked"
    with listen_to_link() as told:
        async with pole.run_link():
            assert "device bridge is revoked" in await told.wait_for("link_closed")


def test_status_is_a_table_that_says_who_is_silent(room: ControlRoom) -> None:
    room.invite("quiet")
    listed = run_vigie("device", "status", "--data", room.data)
    headings, *rows = listed.stdout.splitlines()
    assert headings.split()[:3] == ["device", "state", "stream"]
    (row,) = [row for row in rows if row.startswith("quiet ")]
    assert row.split() == ["quiet", "invited", "none", "never", "0"]


def test_a_collector_that_is_not_there_is_named_with_the_next_step(tmp_path: Path) -> None:
    missing = run_vigie("device", "status", "--data", tmp_path)
    assert missing.returncode == 4
    assert missing.stderr == (
        f"vigie: {tmp_path}/operator/collector.toml: there is no collector's address here "
        "(No such file or directory)\n"
        "  Start the collector with 'vigie collector run --data DIR' and give the same --data "
        "here, or give --collector HOST:PORT and --identity DIR.\n"
    )


def test_a_collector_that_was_stopped_is_unavailable(tmp_path: Path) -> None:
    with ControlRoom(tmp_path) as stopped:
        at = stopped.read_addresses()["sessions"]
    answered = run_vigie("device", "status", "--collector", at, "--identity", tmp_path / "operator")
    assert answered.returncode == 6
    assert answered.stderr.startswith(f"vigie: nothing listens at {at}\n")


def test_a_bad_name_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    refused = run_vigie(
        "device", "enrol", "--collector", "localhost:1", "--ca", tmp_path, "--token", "t",
        "--device", "North Gate", "--data", tmp_path,
    )  # fmt: skip
    assert refused.returncode == 3
    assert refused.stderr == (
        "vigie: 'North Gate' cannot be a device's name\n"
        "  Use lower-case letters, digits and hyphens, at most 63, such as north-gate.\n"
    )
