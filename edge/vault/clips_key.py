"""The pole's evidence key: made on the pole, never leaves it, signs what clips say of themselves.

`DATA/vault/evidence.pem`, the vault's own. Its public half goes to the collector when the pole
enrols, and stays there for good.
"""

from pathlib import Path

from edge.errors import Kind, VigieError
from edge.mandate.keys import SigningKey, load_private_pem, make_signing_key, write_private_pem
from edge.mandate.problem import MandateError
from edge.vault.disk import FILE_MODE, FOLDER_MODE
from edge.wire.whole_file import write_whole

FILE_NAME = "evidence.pem"


class EvidenceKeyError(VigieError):
    """The evidence key cannot be read or made; without it no clip is cut."""


def ensure_evidence_key(vault: Path, device: str) -> SigningKey:
    """The key in the vault's own folder, made and synced when there is none.

    Raises EvidenceKeyError for one that is damaged, which is never replaced, or a disk that
    refuses.
    """
    path = vault / FILE_NAME
    try:
        if not path.exists():
            vault.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            write_whole(path, write_private_pem(make_signing_key(device)), mode=FILE_MODE)
        pem = path.read_bytes()
    except OSError as error:
        raise EvidenceKeyError(
            Kind.UNAVAILABLE,
            f"the evidence key cannot be read or made ({error.strerror})",
            where=str(path),
            hint="Look at the folder's owner and at 'df' for that disk.",
        ) from error
    try:
        return load_private_pem(device, pem)
    except MandateError as error:
        raise EvidenceKeyError(
            Kind.DATA_LOSS,
            "the evidence key is damaged",
            where=str(path),
            hint="Move the file away and enrol the pole again; clips made so far stay verifiable.",
        ) from error
