"""WebAuthn's two ceremonies without any state: what a browser is asked, and whether it answered.

A passkey here is discoverable and verifies its user (PIN, finger, face): possession alone never
opens anything. Which maker built it is not asked (attestation "none").
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_authentication_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from collector.accounts.challenges import CHALLENGE_SECONDS
from collector.accounts.origin import Origin
from edge.errors import Kind, VigieError

MAX_CREDENTIAL_ID_BYTES = 1023  # WebAuthn level 2, section 4, credential ID
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_PAGE_NAME = "Vigie"
_TIMEOUT_MS = CHALLENGE_SECONDS * 1000
_MAX_REASON_CHARS = 160

Options = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PublicHalf:
    """What a registration brings. public_key: COSE."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def ask_for_new(
    origin: Origin, account: str, user_handle: bytes, known: Sequence[bytes], challenge: bytes
) -> Options:
    """What `navigator.credentials.create` is given. known: credentials the account has already."""
    return options_to_json_dict(
        generate_registration_options(
            rp_id=origin.host,
            rp_name=_PAGE_NAME,
            user_id=user_handle,
            user_name=account,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            supported_pub_key_algs=ALGORITHMS,
        )
    )


def ask_for_proof(origin: Origin, allowed: Sequence[bytes], challenge: bytes) -> Options:
    """What `navigator.credentials.get` is given. allowed: credentials; empty for any account's."""
    return options_to_json_dict(
        generate_authentication_options(
            rp_id=origin.host,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def verify_new(origin: Origin, challenge: bytes, answer: str) -> PublicHalf:
    """The new passkey in a browser's JSON answer.

    Raises VigieError(PERMISSION_DENIED) for anything but an answer to this challenge, from this
    page, by a passkey that verified its user.
    """
    with _refused():
        found = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=origin.host,
            expected_origin=origin.text,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        # Attestation "none" proves no signature: a key that cannot be used is refused now.
        decoded_public_key_to_cryptography(
            decode_credential_public_key(found.credential_public_key)
        )
        if len(found.credential_id) > MAX_CREDENTIAL_ID_BYTES:
            raise WebAuthnException("the credential's id is too long")
    return PublicHalf(found.credential_id, found.credential_public_key, found.sign_count)


def read_proof(answer: str) -> AuthenticationCredential:
    """What a browser answered, unverified. Raises VigieError(PERMISSION_DENIED)."""
    with _refused():
        return parse_authentication_credential_json(answer)


def verify_proof(
    origin: Origin, challenge: bytes, proof: AuthenticationCredential, known: PublicHalf
) -> int:
    """The passkey's new counter, if it signed this challenge for this page.

    A counter that does not grow means a copy of the passkey; one that is always 0 counts nothing.
    Raises VigieError(PERMISSION_DENIED).
    """
    with _refused():
        return verify_authentication_response(
            credential=proof,
            expected_challenge=challenge,
            expected_rp_id=origin.host,
            expected_origin=origin.text,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        ).new_sign_count


@contextmanager
def _refused() -> Iterator[None]:
    """Whatever the library makes of a stranger's bytes is a refusal.

    It raises its own errors for what it looked for, and Python's for what it did not.
    """
    try:
        yield
    except (
        WebAuthnException, UnsupportedAlgorithm, ValueError, LookupError, TypeError,
        AttributeError, RecursionError, OverflowError,
    ) as wrong:  # fmt: skip
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the passkey's answer is refused: {str(wrong)[:_MAX_REASON_CHARS]}",
            hint="Begin again on the page's own address, or use your password.",
        ) from wrong
