"""The request: what a collector may sign, and what a pole reads of it."""

import json

import pytest

from edge.errors import Kind
from edge.evidence.request import (
    EventName,
    RequestError,
    parse_request,
    sign_request,
    verify_request,
    write_request,
)
from edge.mandate.envelope import CLIP_MANIFEST, sign_payload
from edge.mandate.keys import make_signing_key
from tests.fakes.evidence import NOW_UTC_MS, make_request

KEY = make_signing_key("collector")


def test_what_was_signed_is_what_is_read() -> None:
    request = make_request(event=EventName(2**64 - 1, 7), second_person="grace")
    assert verify_request(sign_request(request, KEY), KEY.public) == request


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"reason": ""}, "gives no reason of at least 8"),
        ({"reason": "because "}, "gives no reason of at least 8"),
        ({"reason": "x" * 501}, "request.reason: is .* allowed: a text of 0 to 500 signs"),
        ({"case": "  "}, "names no case"),
        ({"case": "c" * 65}, "request.case: is .* allowed: a text of 0 to 64 signs"),
        ({"clip": "../../etc/passwd"}, "the clip's name may hold"),
        ({"to_utc_ms": NOW_UTC_MS - 60_000}, "ends before it begins"),
        ({"to_utc_ms": NOW_UTC_MS - 90_000}, "ends before it begins"),
        ({"kind": "still"}, "a still is of one moment"),
        ({"kind": "stream"}, 'request.kind: is "stream"; allowed: clip, still'),
        ({"expires_utc_ms": NOW_UTC_MS}, "is not valid for up to 24 hours"),
        ({"expires_utc_ms": NOW_UTC_MS + 86_400_001}, "is not valid for up to 24 hours"),
        ({"readers": ()}, "request.readers: has 0 items; allowed: 1 to 16"),
        ({"readers": ("ab" * 32, "ab" * 32)}, "request.readers: names (ab){32} twice"),
        ({"second_person": "ada"}, "the second person is the first one again"),
        ({"from_utc_ms": -1}, "request.from_utc_ms: is -1; allowed: 0 to"),
    ],
)
def test_a_request_that_no_pole_would_take_is_not_signed(
    changed: dict[str, object], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        sign_request(make_request(**changed), KEY)


def test_a_request_that_another_key_signed_is_refused() -> None:
    forged = sign_request(make_request(), make_signing_key("collector"))
    with pytest.raises(RequestError, match="is not signed by the collector's clip key") as refused:
        verify_request(forged, KEY.public)
    assert refused.value.kind is Kind.PERMISSION_DENIED


def test_every_byte_altered_changes_nothing_or_is_refused() -> None:
    request = make_request()
    envelope = sign_request(request, KEY).encode()
    for place in range(0, len(envelope), 2):
        altered = bytearray(envelope)
        altered[place] ^= 1
        try:
            assert verify_request(altered.decode(), KEY.public) == request
        except RequestError:
            continue


def test_a_manifest_is_no_request_though_the_same_key_signed_it() -> None:
    envelope = sign_payload(write_request(make_request()), CLIP_MANIFEST, KEY).decode()
    with pytest.raises(RequestError, match="not signed"):
        verify_request(envelope, KEY.public)


@pytest.mark.parametrize("value", [None, 1.5, "1", True, [], {}, -1, 2**70])
def test_a_time_of_another_type_is_named(value: object) -> None:
    record = json.loads(write_request(make_request()))
    with pytest.raises(RequestError, match="from_utc_ms"):
        parse_request(json.dumps({**record, "from_utc_ms": value}).encode())


def test_a_name_that_stands_twice_is_refused() -> None:
    text = write_request(make_request()).decode()
    with pytest.raises(RequestError, match='has the key "case" twice'):
        parse_request(text.replace("{", '{"case": "another", ', 1).encode())
