"""The fleet's signature on an image's manifest, made and verified as provisioning files are.

`NAME.manifest.dsse` stands beside `NAME.manifest.json`: an envelope whose payload is the manifest,
byte for byte. So the manifest stays readable, and what is verified is what is read.
"""

from pathlib import Path

from edge.errors import Kind
from edge.flash.problem import FlashError
from edge.mandate.envelope import sign_payload, verify_envelope
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError

IMAGE_MANIFEST = "application/vnd.vigie.image-manifest+json"
MANIFEST_SUFFIX = ".manifest.json"
SIGNATURE_SUFFIX = ".manifest.dsse"
MAX_MANIFEST_BYTES = 1024 * 1024
_MAX_ENVELOPE_BYTES = 2 * MAX_MANIFEST_BYTES
_SIGN_IT = "Who keeps the fleet's key signs it: 'vigie provision sign NAME.manifest.json'."


def signature_path(manifest: Path) -> Path:
    """Where the signature of a NAME.manifest.json stands."""
    return manifest.with_name(manifest.name.removesuffix(MANIFEST_SUFFIX) + SIGNATURE_SUFFIX)


def sign_manifest(manifest: bytes, key: SigningKey) -> bytes:
    """The envelope for a manifest; the same bytes and key make the same envelope."""
    return sign_payload(manifest, IMAGE_MANIFEST, key)


def check_manifest(manifest: bytes, path: Path, fleet: PublicKey) -> None:
    """Read the envelope beside a manifest. path: the manifest's.

    Raises FlashError unless the fleet's key signed exactly these bytes.
    """
    beside = signature_path(path)
    try:
        with beside.open("rb") as file:
            received = file.read(_MAX_ENVELOPE_BYTES + 1)
    except FileNotFoundError as error:
        what = "the image's manifest is not signed, and a fleet's key was given"
        raise _refused(beside, what) from error
    except OSError as error:
        what = f"the manifest's signature cannot be read ({error.strerror})"
        raise _refused(beside, what) from error
    try:
        verified = verify_envelope(
            received, IMAGE_MANIFEST, [fleet], threshold=1, max_bytes=_MAX_ENVELOPE_BYTES
        )
    except MandateError as error:
        what = f"the image's manifest is not signed by the fleet's key: {error.what}"
        raise _refused(beside, what) from error
    if verified.payload != manifest:
        raise _refused(beside, "the image's manifest is another than the fleet's key signed")


def _refused(where: Path, what: str) -> FlashError:
    return FlashError(Kind.PERMISSION_DENIED, what, where=str(where), hint=_SIGN_IT)
