"""Mandates that must not hold: what is wrong → the exact words, and nothing is allowed."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from edge.mandate.envelope import (
    CLIP_REQUEST,
    MAX_ENVELOPE_BYTES,
    REVOCATION,
    add_signature,
    sign_payload,
)
from edge.mandate.keys import make_signing_key
from edge.mandate.mailbox import write_incoming
from edge.mandate.problem import MandateError
from edge.mandate.reason import Reason
from edge.mandate.register import NewsKind
from edge.mandate.statement import parse_mandate, parse_revocation, utc_text
from edge.mandate.trust import load_trust, write_trust
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import ALWAYS, CAMERA, CITY, FAKE_NOW, City, make_room, statement

TEN_MB = 10_000_000
HASH = "0" * 64


@pytest.fixture(scope="module")
def city() -> City:
    return City()


def refused(data: Path, city: City, envelope: bytes) -> str:
    """What a pole says of an envelope that it must not take."""
    city.install(data)
    room = make_room(data, FakeClock())
    write_incoming(data, envelope)
    (news,) = room.poll()
    assert news.kind is NewsKind.REFUSED
    permit = room.permit(CAMERA)
    assert permit.reason is Reason.NO_MANDATE
    assert not permit.functions
    assert not permit.may_record
    assert not (data / "eye" / "mandate.json").exists()
    return news.what


def wrong(text: bytes) -> str:
    """What is said of a statement that nobody can sign."""
    with pytest.raises(MandateError) as refusal:
        parse_mandate(text)
    return str(refusal.value)


def test_a_wrong_signer_is_named_by_his_key(tmp_path: Path, city: City) -> None:
    stranger = make_signing_key("stranger")
    envelope = city.sign(statement(), by=(city.keys[0], stranger))
    assert refused(tmp_path, city, envelope) == (
        "1 of the 2 signatures that are needed; "
        f"key {stranger.public.keyid[:16]}… is not one of those that are believed"
    )


def test_too_few_signatures_are_counted(tmp_path: Path, city: City) -> None:
    envelope = city.sign(statement(), by=city.keys[:1])
    assert refused(tmp_path, city, envelope) == "1 of the 2 signatures that are needed"


def test_the_same_key_twice_counts_once(tmp_path: Path, city: City) -> None:
    record = json.loads(city.sign(statement(), by=city.keys[:1]))
    record["signatures"] *= 2
    keyid = city.keys[0].public.keyid
    assert refused(tmp_path, city, json.dumps(record).encode()) == (
        f"the key {keyid[:16]}… signed twice; each key counts once"
    )


def test_one_key_under_two_names_in_the_trust_file_is_refused(city: City) -> None:
    record = json.loads(write_trust(city.trust))
    record["keys"].append(record["keys"][0] | {"name": "twin"})
    with pytest.raises(MandateError) as refusal:
        load_trust(json.dumps(record))
    assert str(refusal.value) == "keys[3]: the key of twin stands above already"


def test_a_signature_over_another_text_does_not_fit(tmp_path: Path, city: City) -> None:
    signed, other = json.loads(city.mandate()), json.loads(city.mandate(ring_days=8))
    signed["payload"] = other["payload"]
    assert refused(tmp_path, city, json.dumps(signed).encode()) == (
        "0 of the 2 signatures that are needed; "
        "the signature of mayor does not fit the text; "
        "the signature of prefect does not fit the text"
    )


def test_signatures_of_one_kind_of_statement_are_none_of_another(
    tmp_path: Path, city: City
) -> None:
    envelope = city.sign(statement(), CLIP_REQUEST)
    assert refused(tmp_path, city, envelope) == (
        '"application/vnd.vigie.clip-request+json" is neither a mandate nor a revocation'
    )
    record = json.loads(envelope)
    record["payloadType"] = "application/vnd.vigie.mandate+json"
    told = refused(tmp_path / "other", city, json.dumps(record).encode())
    assert told.startswith("0 of the 2 signatures that are needed; ")


@pytest.mark.parametrize(
    ("begins_in_days", "ends_in_days", "reason"),
    [(-20, -10, Reason.EXPIRED), (10, 20, Reason.NOT_YET_VALID)],
)
def test_an_expired_or_future_mandate_is_kept_and_allows_nothing(
    tmp_path: Path, city: City, begins_in_days: int, ends_in_days: int, reason: Reason
) -> None:
    envelope = city.mandate(
        not_before_utc=utc_text(FAKE_NOW + timedelta(days=begins_in_days)),
        expires_utc=utc_text(FAKE_NOW + timedelta(days=ends_in_days)),
    )
    city.install(tmp_path, envelope)
    permit = make_room(tmp_path, FakeClock()).permit(CAMERA)
    assert permit.reason is reason
    assert not permit.functions
    assert not permit.may_record


def test_the_reasons_are_said_in_one_sentence() -> None:
    assert Reason.EXPIRED.sentence == "the mandate has expired"
    assert Reason.NOT_YET_VALID.sentence == "the mandate does not hold yet"
    assert all(reason.sentence for reason in Reason)


def test_a_mandate_for_another_pole_is_refused(tmp_path: Path, city: City) -> None:
    envelope = city.mandate(devices=["pole-7", "pole-8"])
    assert refused(tmp_path, city, envelope) == (
        "this is pole-1, and the mandate is for pole-7, pole-8"
    )


def test_a_mandate_of_another_authority_is_refused(tmp_path: Path, city: City) -> None:
    envelope = city.mandate(authority="Ville de Y")
    assert refused(tmp_path, city, envelope) == (
        f'it is of "Ville de Y", and this pole belongs to "{CITY}"'
    )


def test_an_unknown_profile_is_answered_with_the_nearest() -> None:
    assert wrong(statement(profile="fr-2023-381")) == (
        'profile: is "fr-2023-381"; allowed: bench, fr-2023-380, pe-municipal\n'
        "  Did you mean fr-2023-380?"
    )


def test_a_function_that_the_profile_does_not_allow_is_named() -> None:
    cameras = [{"camera": CAMERA, "zones": [{"zone": "*", "functions": ["count", "weapon"]}]}]
    text = statement(
        profile="fr-2023-380",
        cameras=cameras,
        not_before_utc="2024-07-01T00:00:00Z",
        expires_utc="2024-08-01T00:00:00Z",
        models=[HASH],
        rules_sha256={"*": HASH},
    )
    assert wrong(text) == (
        "cameras[0].zones[0].functions: count is not a function of profile fr-2023-380"
    )


def test_a_window_of_zero_is_refused() -> None:
    assert wrong(statement(windows=[ALWAYS[0] | {"starts": "08:00", "ends": "08:00"}])) == (
        "windows[0].ends: is the time at which the window starts: it would never be open\n"
        "  A whole day is 00:00 to 24:00."
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_overlapping_versions_are_refused(tmp_path: Path, city: City, version: int) -> None:
    city.install(tmp_path, city.mandate(version=3))
    room = make_room(tmp_path, FakeClock())
    write_incoming(tmp_path, city.mandate(version=version, ring_days=1))
    (news,) = room.poll()
    assert news.kind is NewsKind.REFUSED
    assert news.what == (
        "version 3 was given to another mandate already"
        if version == 3
        else f"version {version} is older than version 3, which was accepted\n"
        "  Sign it as version 4 or higher."
    )
    assert room.permit(CAMERA).ring_days == 7


def test_ten_megabytes_of_json_are_refused_before_they_are_parsed(
    tmp_path: Path, city: City
) -> None:
    flood = b"[" * TEN_MB
    assert (
        refused(tmp_path, city, flood) == f"the envelope has more than {MAX_ENVELOPE_BYTES} bytes"
    )
    assert wrong(flood) == "the mandate has more than 48000 bytes"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[" * 1000, "the mandate is nested deeper than 12 levels"),
        (b"[]", "the mandate is no JSON object"),
        (b"x", "the mandate is not JSON: Expecting value at line 1, column 1"),
        (b'{"a": 1, "a": 2}', 'the mandate has the key "a" twice'),
        (b'{"a": NaN}', "the mandate is not JSON that can be read"),
        (b'{"a": "\xff"}', "the mandate is not UTF-8 text"),
        (statement(ring_dayz=3), "ring_dayz: is no known key\n  Did you mean ring_days?"),
        (statement(version=0), "version: is 0; allowed: 1 to 2147483647"),
        (statement(version=True), "version: is True; allowed: 1 to 2147483647"),
        (statement(purpose=None), "purpose: is missing"),
        (statement(purpose="a\x1b[2J"), "purpose: has signs that cannot be printed"),
        (statement(devices=["pole-1", "pole-1"]), "devices: names pole-1 twice"),
        (statement(devices=["pole 1"]),
         'devices[0]: is "pole 1"; allowed: 1 to 64 letters, digits and . _ -'),
        (statement(time_zone="Europe/Pari"),
         'time_zone: "Europe/Pari" does not exist\n  Write one such as Europe/Paris.'),
        (statement(time_zone="../../etc/passwd"),
         'time_zone: "../../etc/passwd" does not exist\n  Write one such as Europe/Paris.'),
        (statement(expires_utc="2020-01-01T00:00:00Z"),
         "expires_utc: is not after not_before_utc: it would never hold"),
        (statement(expires_utc="tomorrow"),
         'expires_utc: is "tomorrow"; allowed: a moment like 2026-11-21T06:00:00Z'),
        (statement(ring_days=31), "ring_days: is 31; profile bench allows 0 to 30 days"),
        (statement(windows=[]), "windows: has 0 items; allowed: 1 to 32"),
        (statement(rules_sha256={"south": HASH}),
         "rules_sha256.south: is for a camera that is not named"),
        (statement(models=["abc"]),
         'models[0]: is "abc"; allowed: a SHA-256, 64 digits 0-9 a-f'),
    ],
)  # fmt: skip
def test_a_statement_that_is_wrong_is_answered_with_its_place(text: bytes, said: str) -> None:
    assert wrong(text) == said


def test_all_that_is_wrong_is_said_at_once() -> None:
    told = wrong(statement(version=0, mode="war", ring_days=-1, contact=7))
    assert told.splitlines() == [
        "4 problems:",
        "version: is 0; allowed: 1 to 2147483647",
        "contact: is 7; allowed: a text of 1 to 500 signs",
        'mode: is "war"; allowed: operation, calibration',
        "ring_days: is -1; allowed: 0 to 366",
    ]


def test_a_revocation_by_a_stranger_stops_nothing(tmp_path: Path, city: City) -> None:
    text = statement()
    city.install(tmp_path, city.sign(text))
    room = make_room(tmp_path, FakeClock())
    stranger = make_signing_key("stranger")
    proper = json.loads(city.revocation(text))
    forged = sign_payload(b"{}", REVOCATION, stranger)
    write_incoming(tmp_path, forged)
    (news,) = room.poll()
    assert news.what.startswith("0 of the 1 signatures that are needed; key ")
    assert room.permit(CAMERA).reason is None
    write_incoming(tmp_path, json.dumps(proper).encode())
    room.poll()
    assert room.permit(CAMERA).reason is Reason.REVOKED


def test_a_revocation_without_a_reason_is_refused(city: City) -> None:
    record = {
        "format": 1,
        "authority": CITY,
        "mandate_sha256": HASH,
        "version": 1,
        "issued_utc": "2026-11-21T06:00:00Z",
    }
    with pytest.raises(MandateError) as refusal:
        parse_revocation(json.dumps(record).encode())
    assert str(refusal.value) == "reason: is missing"


def test_a_key_signs_once(city: City) -> None:
    envelope = city.sign(statement(), by=city.keys[:1])
    with pytest.raises(MandateError) as refusal:
        add_signature(envelope, city.keys[0])
    assert str(refusal.value) == "the key of mayor has signed this already"


def test_a_threshold_that_nobody_can_reach_is_refused(city: City) -> None:
    record = json.loads(write_trust(city.trust)) | {"threshold": 4}
    with pytest.raises(MandateError) as refusal:
        load_trust(json.dumps(record))
    assert str(refusal.value) == (
        "threshold: is 4, and there are 3 keys: no mandate could ever be signed"
    )


def test_a_text_without_end_is_refused_at_once() -> None:
    # Each of its quotes tried as a beginning would be minutes of work.
    assert wrong(b'"' + b'\\"' * 23_000 + b"\\") == (
        "the mandate is not JSON: Unterminated string starting at at line 1, column 1"
    )


def test_a_thousand_unknown_keys_get_no_thousand_answers() -> None:
    record = json.loads(statement()) | {f"key{number}": 0 for number in range(1_000)}
    told = wrong(json.dumps(record).encode()).splitlines()
    assert told[0] == "64 problems or more:"
    assert sum("is no known key" in line for line in told) == 64


def test_what_would_move_the_cursor_is_not_repeated() -> None:
    told = wrong(statement(devices=["a\x1b[2J"], **{"\x1b[2J": 0}))
    assert "\x1b" not in told
    assert 'devices[0]: is "a\N{REPLACEMENT CHARACTER}[2J"; allowed' in told


def test_the_space_before_a_french_colon_may_stand_in_a_text() -> None:
    said = "Manifestation\N{NO-BREAK SPACE}: place de la Paix"
    assert parse_mandate(statement(purpose=said)).purpose == said
