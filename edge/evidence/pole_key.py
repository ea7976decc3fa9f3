"""The pole's evidence key: made on the pole, never leaves it, signs what clips say of themselves.

`DATA/vault/evidence.pem`, the vault's own. Its public half goes to the collector when the pole
enrols, and stays there for good.
"""

from pathlib import Path

from edge.errors import Kind, VigieError
from edge.mandate.keys import SigningKey, load_private_pem, make_signing_key, write_private_pem
from edge.mandate.problem import MandateError
from edge.whole_file import write_private

FILE_NAME = "evidence.pem"


class EvidenceKeyError(VigieError):
    """The evidence key cannot be read or made; without it no clip is cut."""


def vault_folder(data: Path) -> Path:
    """DATA/vault/, the vault's own."""
    return data / "vault"


def ensure_evidence_key(vault: Path, device: str) -> SigningKey:
    """The key in the vault's own folder, made and synced when there is none.

    Raises EvidenceKeyError for one that is damaged, which is never replaced, or a disk that
    refuses.
    """
    path = vault / FILE_NAME
    try:
        if not path.exists():
            write_private(path, write_private_pem(make_signing_key(device)))
    except OSError as error:
        raise _unusable(path, error) from error
    key = read_evidence_key(vault, device)
    assert key is not None
    return key


def read_evidence_key(vault: Path, device: str) -> SigningKey | None:
    """The key; None: this pole has none, because it was never enrolled.

    Raises EvidenceKeyError for one that is damaged or may not be read.
    """
    path = vault / FILE_NAME
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        return load_private_pem(device, pem)
    except MandateError as error:
        raise EvidenceKeyError(
            Kind.DATA_LOSS,
            "the evidence key is damaged",
            where=str(path),
            hint="Move the file away and enrol the pole again; clips made so far stay verifiable.",
        ) from error


def _unusable(path: Path, error: OSError) -> EvidenceKeyError:
    return EvidenceKeyError(
        Kind.UNAVAILABLE,
        f"the evidence key cannot be read or made ({error.strerror})",
        where=str(path),
        hint="Look at the folder's owner and at 'df' for that disk.",
    )


def write_evidence_key(vault: Path, key: SigningKey) -> None:
    """Put a key that was just shown to the collector into the vault, in place of any other.

    Raises OSError.
    """
    write_private(vault / FILE_NAME, write_private_pem(key))
