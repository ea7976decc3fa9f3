"""What signs a report on the pole: made ready before the examination, so that no key costs time."""

from collections.abc import Callable
from pathlib import Path

from edge.doctor.examination import Examined
from edge.doctor.finding import is_accepted
from edge.doctor.report import write_page
from edge.doctor.sealing import seal_page
from edge.errors import Kind, VigieError
from edge.evidence.pole_key import read_evidence_key, vault_folder
from edge.mandate.device_name import read_device

Sign = Callable[[Examined], bytes]


def open_signer(data: Path) -> Sign:
    """The pole's own signature under a page. Raises VigieError where it has no key for it."""
    device = read_device(data)
    key = read_evidence_key(vault_folder(data), device) if device else None
    if key is None:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "this pole has no key to sign a report with: it is not enrolled",
            where=str(data),
            hint="Leave --report out, or enrol it first: vigie device enrol --help",
        )

    def sign(examined: Examined) -> bytes:
        page, is_good = write_page(examined), is_accepted(examined.findings)
        return seal_page(page, device, examined.facts.made, key, is_good=is_good)

    return sign
