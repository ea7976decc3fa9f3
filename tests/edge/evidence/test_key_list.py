"""The list of poles' evidence keys: believed by its signature alone, whoever hands it over."""

import base64
import json
from typing import cast

import pytest

from edge.errors import Kind
from edge.evidence.device_keys import DeviceKey, KeysError, key_record
from edge.evidence.key_list import KeyList, sign_list, verify_list
from edge.mandate.envelope import CLIP_REQUEST, DEVICE_KEYS, sign_payload
from edge.mandate.keys import make_signing_key

MADE_UTC_MS = 1_790_000_100_000
COLLECTOR = make_signing_key("collector")
LISTED = KeyList(
    MADE_UTC_MS,
    (
        DeviceKey("north-gate", b"\x01" * 32, 1_790_000_000_000),
        DeviceKey("north-gate", b"\x02" * 32, 1_790_000_000_001, 1_790_000_000_009),
    ),
)
SIGNED = sign_list(LISTED, COLLECTOR)


def _resigned(record: object) -> bytes:
    return sign_payload(json.dumps(record).encode(), DEVICE_KEYS, COLLECTOR)


def _payload() -> dict[str, object]:
    record = json.loads(base64.b64decode(json.loads(SIGNED)["payload"]))
    assert isinstance(record, dict)
    return record


def test_a_list_is_read_as_it_was_signed() -> None:
    assert verify_list(SIGNED, COLLECTOR.public) == LISTED


def test_every_byte_of_the_list_is_covered() -> None:
    envelope = json.loads(SIGNED)
    payload = base64.b64decode(envelope["payload"])
    for place in range(len(payload)):
        changed = bytearray(payload)
        changed[place] ^= 1
        envelope["payload"] = base64.b64encode(changed).decode()
        with pytest.raises(KeysError, match="signature of collector does not fit") as refused:
            verify_list(json.dumps(envelope).encode(), COLLECTOR.public)
        assert refused.value.kind is Kind.PERMISSION_DENIED


def test_a_list_that_another_signed_is_refused() -> None:
    eve = make_signing_key("collector")
    with pytest.raises(KeysError, match="not signed by the clip key that the trust file names"):
        verify_list(sign_list(LISTED, eve), COLLECTOR.public)


def test_a_list_without_a_signature_is_refused() -> None:
    text = json.dumps({"version": 1, "devices": [key_record(each) for each in LISTED.keys]})
    with pytest.raises(KeysError, match="the list of device keys is not signed"):
        verify_list(text.encode(), COLLECTOR.public)


def test_without_a_clip_key_in_the_trust_file_no_list_is_believed() -> None:
    with pytest.raises(KeysError, match="the trust file names no clip key"):
        verify_list(SIGNED, None)


def test_what_the_clip_key_signed_for_another_purpose_is_no_list() -> None:
    request = sign_payload(json.dumps(_payload()).encode(), CLIP_REQUEST, COLLECTOR)
    with pytest.raises(KeysError, match="clip-request"):
        verify_list(request, COLLECTOR.public)


def test_a_key_under_a_name_that_is_not_its_own_is_refused() -> None:
    record = _payload()
    first, second = cast(list[dict[str, str]], record["devices"])
    first["ed25519"] = second["ed25519"]
    with pytest.raises(KeysError, match=r"devices\[0\]\.keyid: does not belong"):
        verify_list(_resigned(record), COLLECTOR.public)


@pytest.mark.parametrize(
    "record", [[], {"version": 2, "made_utc_ms": 1, "devices": []}, {"version": 1}]
)
def test_what_is_no_list_is_refused(record: object) -> None:
    with pytest.raises(KeysError, match="list of device keys"):
        verify_list(_resigned(record), COLLECTOR.public)


def test_a_list_judges_no_clip_that_was_cut_after_it() -> None:
    LISTED.check_age(MADE_UTC_MS, 0)
    LISTED.check_age(MADE_UTC_MS + 40, 40)
    with pytest.raises(KeysError, match="is older than the clip"):
        LISTED.check_age(MADE_UTC_MS + 41, 40)
