"""Evidence keys: proven when a pole enrols."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.evidence.device_keys import KeysError, check_proof, prove_key


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
