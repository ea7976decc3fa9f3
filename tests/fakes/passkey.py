"""An authenticator in software: makes a key, answers a page's questions, counts its uses.

Strict by default; a test that wants a wrong answer changes one thing about it.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

Question = Mapping[str, object]
PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


@dataclass
class SoftPasskey:
    """One credential. origin: what the browser says it shows; flags: what the user did."""

    origin: str
    credential_id: bytes = b"the credential of one key"
    flags: int = PRESENT | VERIFIED
    uses: int = 1
    rp_id: str = "localhost"
    user_handle: bytes | None = b""
    kinds: tuple[str, str] = ("webauthn.create", "webauthn.get")
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, question: Question) -> str:
        """Answer `navigator.credentials.create`; remember whose it is."""
        user = cast(dict[str, str], question["user"])
        self.user_handle = from_text(user["id"])
        attested = (
            bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + self.public_key()
        )
        attestation = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._authenticator(HAS_CREDENTIAL) + attested,
        }
        return self._answer({
            "clientDataJSON": self.client(question, self.kinds[0]),
            "attestationObject": cbor2.dumps(attestation),
        })  # fmt: skip

    def get(self, question: Question) -> str:
        """Answer `navigator.credentials.get`: one more use."""
        self.uses += 1
        client, said = self.client(question, self.kinds[1]), self._authenticator(0)
        signed = said + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": client,
            "authenticatorData": said,
            "signature": self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
        }
        if self.user_handle is not None:
            response["userHandle"] = self.user_handle
        return self._answer(response)

    def public_key(self) -> bytes:
        """As COSE writes it."""
        point = self.key.public_key().public_numbers()
        x, y = (each.to_bytes(32, "big") for each in (point.x, point.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def client(self, question: Question, kind: str) -> bytes:
        """What the browser adds: which page asked, and what."""
        said = {"type": kind, "challenge": question["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _authenticator(self, more_flags: int) -> bytes:
        flags = bytes([self.flags | more_flags])
        return hashlib.sha256(self.rp_id.encode()).digest() + flags + self.uses.to_bytes(4, "big")

    def _answer(self, response: Mapping[str, bytes]) -> str:
        name = to_text(self.credential_id)
        told = {key: to_text(each) for key, each in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": told})


def to_text(content: bytes) -> str:
    """Base64url without padding, as WebAuthn's JSON has it."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The bytes again."""
    return urlsafe_b64decode(text + "==")


def with_response(answer: str, **changes: bytes) -> str:
    """The same answer with other bytes in its response."""
    changed = json.loads(answer)
    changed["response"] |= {key: to_text(each) for key, each in changes.items()}
    return json.dumps(changed)


def response_of(answer: str) -> dict[str, bytes]:
    """The bytes of an answer's response."""
    return {key: from_text(each) for key, each in json.loads(answer)["response"].items()}
