"""Evidence keys: proven when a pole enrols, listed for whoever verifies."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.evidence.device_keys import (
    DeviceKey,
    KeysError,
    check_proof,
    parse_keys,
    prove_key,
    write_keys,
)

KEYS = (
    DeviceKey("north-gate", b"\x01" * 32, 1_790_000_000_000),
    DeviceKey("north-gate", b"\x02" * 32, 1_790_000_000_001, 1_790_000_000_009),
)


def test_a_list_is_read_as_it_was_written() -> None:
    assert parse_keys(write_keys(KEYS)) == KEYS


def test_a_key_under_a_name_that_is_not_its_own_is_refused() -> None:
    record = json.loads(write_keys(KEYS))
    record["devices"][0]["ed25519"] = record["devices"][1]["ed25519"]
    with pytest.raises(KeysError, match=r"devices\[0\]\.keyid: does not belong"):
        parse_keys(json.dumps(record))


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "devices": []}', '{"version": 1}'])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(KeysError, match="list of device keys"):
        parse_keys(text)


def test_only_the_holder_of_a_key_can_show_it_and_for_one_device_and_token() -> None:
    public, proof = prove_key(Ed25519PrivateKey.generate(), "north-gate", "token")
    check_proof(public, proof, "north-gate", "token")
    other, _ = prove_key(Ed25519PrivateKey.generate(), "north-gate", "token")
    for key, shown, device, token in (
        (other, proof, "north-gate", "token"),
        (public, proof, "south-gate", "token"),
        (public, proof, "north-gate", "another"),
        (public, proof[:-1], "north-gate", "token"),
        (b"", proof, "north-gate", "token"),
    ):
        with pytest.raises(KeysError, match="is not proven by this device"):
            check_proof(key, shown, device, token)
