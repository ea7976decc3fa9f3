"""What an enrolment leaves on the pole beside the certificate: evidence key, name, trust file."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.enrolment.certificate import Evidence
    from edge.mandate.trust import Trust


def make_evidence(data: Path, device: str, token: str) -> "Evidence":
    """The pole's evidence key, made when there is none, and its proof for this enrolment.

    Raises VigieError when the key is damaged or cannot be written.
    """
    from edge.enrolment.certificate import Evidence  # noqa: PLC0415
    from edge.evidence.device_keys import prove_key  # noqa: PLC0415 - cryptography
    from edge.evidence.pole_key import ensure_evidence_key, vault_folder  # noqa: PLC0415

    key = ensure_evidence_key(vault_folder(data), device)
    return Evidence(*prove_key(key.private, device, token))


def check_trust(text: str, wanted_fingerprint: str) -> "Trust | None":
    """Whom the collector says to believe; None: it named nobody.

    Raises VigieError: PERMISSION_DENIED when the fingerprint is not the one that was demanded.
    """
    from edge.mandate.trust import load_trust  # noqa: PLC0415

    trust = load_trust(text) if text else None
    found = trust.fingerprint if trust else "none"
    if wanted_fingerprint and found != wanted_fingerprint.strip().lower():
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the collector hands out another trust file (fingerprint {found})",
            hint="Nothing was changed, and the token is still good here: ask the authority for its "
            "fingerprint and run the same command with it.",
        )
    return trust


def pin_trust(data: Path, device: str, text: str) -> None:
    """Write down the device's name and whom it believes, if the collector named anybody.

    Raises VigieError.
    """
    from edge.mandate.device_name import write_device  # noqa: PLC0415
    from edge.mandate.places import trust_path  # noqa: PLC0415
    from edge.whole_file import write_whole  # noqa: PLC0415

    try:
        write_device(data, device)
        if text:
            write_whole(trust_path(data), text.encode(), mode=0o644)
    except OSError as error:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the device's name and trust cannot be written ({error.strerror})",
            where=str(error.filename or data),
            hint="Run the command as root, with free space on that disk.",
        ) from error
