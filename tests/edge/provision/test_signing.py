"""Whose word a provisioning file is: edited, foreign, for another board, over."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from edge.errors import Kind
from edge.mandate.envelope import MANDATE, add_signature
from edge.mandate.keys import make_signing_key
from edge.provision.problem import ProvisionError, Refusal
from edge.provision.signing import (
    MAX_FILE_BYTES,
    check_board,
    check_moment,
    read_unverified,
    sign_provisioning,
    verify_provisioning,
)
from tests.fakes.provisioning import BOARD, MADE, fleet_key, provisioning, signed, tampered

FLEET = fleet_key().public


def test_the_fleets_word_is_believed() -> None:
    made = provisioning()
    file = sign_provisioning(made, fleet_key())
    assert verify_provisioning(file, FLEET) == made
    assert read_unverified(file).keyids == (FLEET.keyid,)


def test_what_no_pole_would_take_is_not_signed() -> None:
    with pytest.raises(ProvisionError, match="cannot be a device's name"):
        sign_provisioning(provisioning("North Gate"), fleet_key())


def test_a_file_edited_after_signing_is_refused() -> None:
    file = tampered(signed(provisioning()), {"control.example": "thief.example"})
    with pytest.raises(ProvisionError, match="does not fit the text") as refused:
        verify_provisioning(file, FLEET)
    assert refused.value.refusal is Refusal.NOT_SIGNED
    assert refused.value.kind is Kind.PERMISSION_DENIED


def test_another_fleets_file_is_refused() -> None:
    file = sign_provisioning(provisioning(), make_signing_key("provision"))
    with pytest.raises(ProvisionError, match="is not one of those that are believed") as refused:
        verify_provisioning(file, FLEET)
    assert refused.value.refusal is Refusal.NOT_SIGNED


def test_a_foreign_signature_beside_the_fleets_takes_nothing_away() -> None:
    file = add_signature(sign_provisioning(provisioning(), fleet_key()), make_signing_key("other"))
    assert verify_provisioning(file, FLEET) == provisioning()


def test_something_else_that_the_fleets_key_signed_is_no_provisioning_file() -> None:
    with pytest.raises(ProvisionError, match="no provisioning file") as refused:
        verify_provisioning(signed(provisioning(), kind=MANDATE), FLEET)
    assert refused.value.refusal is Refusal.UNREADABLE


def test_a_signed_text_that_says_nonsense_is_refused() -> None:
    with pytest.raises(ProvisionError) as refused:
        verify_provisioning(signed(b"{}"), FLEET)
    assert refused.value.refusal is Refusal.UNREADABLE


def test_a_file_for_another_board_is_refused() -> None:
    check_board(provisioning(), BOARD)
    with pytest.raises(ProvisionError, match="is for board qemu-amd64, and this is rpi") as refused:
        check_board(provisioning(), "rpi")
    assert refused.value.refusal is Refusal.WRONG_BOARD


def test_a_file_that_is_over_is_refused() -> None:
    check_moment(provisioning(), MADE + timedelta(days=7) - timedelta(seconds=1))
    with pytest.raises(ProvisionError, match="expired on 2026-11-28T06:00:00Z") as refused:
        check_moment(provisioning(), MADE + timedelta(days=7))
    assert refused.value.refusal is Refusal.EXPIRED


@given(at=some.floats(0, 1, exclude_max=True), value=some.integers(0, 255))
@settings(deadline=None, max_examples=150)
def test_no_flipped_byte_yields_another_statement(at: float, value: int) -> None:
    file = bytearray(sign_provisioning(provisioning(), fleet_key()))
    file[int(at * len(file))] = value
    try:
        found = verify_provisioning(bytes(file), FLEET)
    except ProvisionError:
        return
    # Base64 and JSON have spellings without a meaning; the signed bytes are the same.
    assert found == provisioning()


@pytest.mark.parametrize(
    "received", [b"", b"\0" * 512, b"null", json.dumps({}).encode(), b"{" * MAX_FILE_BYTES]
)
def test_what_is_no_envelope_is_refused_as_such(received: bytes) -> None:
    with pytest.raises(ProvisionError, match="no provisioning file") as refused:
        verify_provisioning(received, FLEET)
    assert refused.value.refusal is Refusal.UNREADABLE
