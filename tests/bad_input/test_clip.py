"""Clips that nobody may have, asked of a vault: each one clear sentence, nothing half written."""

import json
from base64 import b64decode

import pytest

from edge.evidence.request import RequestError, sign_request
from edge.mandate.envelope import CLIP_REQUEST, sign_payload
from edge.mandate.keys import make_signing_key
from edge.wire import clip_talk as said
from tests.edge.vault.test_clips import Stage
from tests.fakes.evidence import NOW_UTC_MS, make_request

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("pole"))


def _is_untouched(stage: Stage) -> bool:
    """Nothing was cut, nothing waits, nothing half written lies about."""
    return not stage.desk.has_work and not list(said.outgoing_folder(stage.data).iterdir())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"to_utc_ms": NOW_UTC_MS - 2 * MINUTE_MS}, "the request ends before it begins"),
        ({"reason": ""}, "the request gives no reason of at least 8 characters"),
        ({"case": ""}, "the request names no case"),
        ({"clip": "../evidence"}, "the clip's name may hold letters, digits, hyphens"),
        ({"readers": ()}, "request.readers: has 0 items; allowed: 1 to 16"),
    ],
    ids=["from after to", "no reason", "no case", "a path for a name", "for nobody"],
)
def test_a_request_that_is_none_is_refused_though_it_is_signed(
    stage: Stage, changes: dict[str, object], told: str
) -> None:
    record = json.loads(_payload(stage))
    record |= changes
    payload = json.dumps(record).encode()
    envelope = sign_payload(payload, CLIP_REQUEST, stage.city.clip_key).decode()
    (answer,) = stage.ask(envelope)
    assert isinstance(answer, said.Answer)
    assert answer.code == "refused"
    assert told in answer.message
    assert _is_untouched(stage)
    with pytest.raises(RequestError):
        sign_request(make_request(**changes), stage.city.clip_key)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"clip": "a", "to_utc_ms": NOW_UTC_MS + MINUTE_MS},
            "it is only 2026-09-21 14:13:20 UTC here",
        ),
        (
            {"clip": "b", "camera": "cellar"},
            "the ring holds no camera cellar; it holds: north",
        ),
        (
            {"clip": "c", "from_utc_ms": NOW_UTC_MS - 24 * 60 * MINUTE_MS},
            "the request asks for 1440 minutes, one clip holds 30; ask for it in parts",
        ),
        (
            {"clip": "d", "readers": ("cd" * 32,)},
            "the reader cdcdcdcdcdcdcdcd… was not named when this pole was enrolled",
        ),
        (
            {
                "clip": "e",
                "from_utc_ms": NOW_UTC_MS - 20 * MINUTE_MS,
                "to_utc_ms": NOW_UTC_MS - 15 * MINUTE_MS,
            },
            (
                "the ring has nothing of this time; the nearest it has is 2026-09-21 14:12:20 to "
                "2026-09-21 14:12:59 UTC"
            ),
        ),
        (
            {
                "clip": "f",
                "from_utc_ms": NOW_UTC_MS - 30 * 24 * 60 * MINUTE_MS,
                "to_utc_ms": NOW_UTC_MS - 30 * 24 * 60 * MINUTE_MS + MINUTE_MS,
            },
            "the mandate lets video be kept for 7 days: since 2026-09-14 14:13:20 UTC",
        ),
    ],
    ids=["future", "unknown camera", "24 hours", "unknown reader", "outside the ring", "too old"],
)
def test_a_request_that_cannot_be_met_is_refused_with_the_reason(
    stage: Stage, changes: dict[str, object], told: str
) -> None:
    assert stage.refusal(**changes) == told
    assert _is_untouched(stage)
    assert stage.audit()[-1]["act"] == "refused"


@pytest.mark.parametrize(
    "envelope",
    ["{}", "[]", "no JSON", '{"payload": "', "{" * 4_000, '{"payload":1,"payloadType":2}'],
)
def test_what_is_no_envelope_is_refused_in_one_line(stage: Stage, envelope: str) -> None:
    (answer,) = stage.ask(envelope)
    assert isinstance(answer, said.Answer)
    assert answer.code == "refused"
    assert "\n" not in answer.message
    assert _is_untouched(stage)


def test_a_stranger_s_signature_is_refused(stage: Stage) -> None:
    forged = sign_request(make_request(readers=(stage.reader.keyid,)), make_signing_key("eve"))
    (answer,) = stage.ask(forged)
    assert isinstance(answer, said.Answer)
    assert "the clip request is not signed by the collector's clip key" in answer.message
    assert _is_untouched(stage)


def _payload(stage: Stage) -> bytes:
    return b64decode(json.loads(stage.sign())["payload"])
