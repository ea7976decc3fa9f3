"""Who may open a pole's page: each way to try it without the right, and the one with it."""

from datetime import UTC, datetime, timedelta

import pytest

from edge.doctor.token import Token, make_token, sign_token, verify_token
from edge.errors import Kind, VigieError
from edge.mandate.keys import make_signing_key

KEY, STRANGER = make_signing_key("technician"), make_signing_key("stranger")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKEN = make_token("north-gate", 15, NOW, timedelta(hours=24))


def refusal(
    received: bytes,
    *,
    device: str = "north-gate",
    now: datetime = NOW,
    last: datetime | None = None,
) -> VigieError:
    with pytest.raises(VigieError) as refused:
        verify_token(received, KEY.public, device, now, last)
    return refused.value


def test_the_technicians_token_opens_the_pole_it_names() -> None:
    assert verify_token(sign_token(TOKEN, KEY), KEY.public, "north-gate", NOW, None) == TOKEN


def test_a_used_token_and_every_older_one_open_nothing() -> None:
    refused = refusal(sign_token(TOKEN, KEY), last=TOKEN.made)
    assert refused.kind is Kind.PERMISSION_DENIED
    assert "it was used" in refused.what
    older = make_token("north-gate", 15, NOW - timedelta(seconds=1), timedelta(hours=24))
    assert "older than one" in refusal(sign_token(older, KEY), last=TOKEN.made).what


def test_a_token_of_another_key_pole_or_day_opens_nothing() -> None:
    assert "is not one of those" in refusal(sign_token(TOKEN, STRANGER)).what
    assert "this is yard" in refusal(sign_token(TOKEN, KEY), device="yard").what
    early = refusal(sign_token(TOKEN, KEY), now=datetime(1970, 1, 1, tzinfo=UTC))
    assert early.kind is Kind.FAILED_PRECONDITION
    assert "this pole's clock shows 1970-01-01T00:00:00Z" in early.what
    soon = NOW - timedelta(minutes=9)
    assert verify_token(sign_token(TOKEN, KEY), KEY.public, "north-gate", soon, None) == TOKEN
    assert "expired" in refusal(sign_token(TOKEN, KEY), now=NOW + timedelta(hours=24)).what


@pytest.mark.parametrize(
    "token",
    [
        Token("north-gate", "ab" * 16, 61, NOW, NOW + timedelta(hours=1)),
        Token("north-gate", "../../etc/passwd".ljust(32, "/"), 15, NOW, NOW + timedelta(hours=1)),
        Token("north-gate", "ab" * 16, 15, NOW, NOW + timedelta(days=8)),
        Token("north-gate", "ab" * 16, 15, NOW, NOW),
        Token("north-gate", "ab" * 16, 15, NOW, NOW + timedelta(hours=1), "../eth0"),
        Token("north-gate", "ab" * 16, 15, NOW, NOW + timedelta(hours=1), "-eth0"),
        Token("north-gate", "ab" * 16, 15, NOW, NOW + timedelta(hours=1), "eth0", 0),
    ],
)
def test_a_signed_token_that_asks_too_much_is_none(token: Token) -> None:
    assert refusal(sign_token(token, KEY)).kind is Kind.INVALID_ARGUMENT


def test_a_token_with_one_bit_changed_is_refused() -> None:
    whole = sign_token(TOKEN, KEY)
    place = whole.index(b'"payload": "') + 40
    changed = (
        whole[:place] + (b"A" if whole[place : place + 1] != b"A" else b"B") + whole[place + 1 :]
    )
    assert refusal(changed).kind in {Kind.PERMISSION_DENIED, Kind.INVALID_ARGUMENT}
