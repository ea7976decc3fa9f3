"""The signature of a report, in the page itself, so that neither is ever without the other.

The page's bytes, then an HTML comment with a DSSE envelope over their SHA-256 and what the page
says. The pole's evidence key signs: it is the one that the control room lists for good
(`vigie collector device-keys`), so that a report can be checked offline years later. The TLS key
says who talks now, is replaced every ten days, and is the link's. A report cannot pass for a clip:
the envelope's type says what it is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from edge.errors import Kind, VigieError
from edge.mandate.envelope import open_envelope, sign_payload, verify_opened
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.mandate.statement import utc_text
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object, write_object

ACCEPTANCE = "application/vnd.vigie.acceptance+json"
MAX_REPORT_BYTES = 4_000_000
_BEGIN, _END = b"\n<!-- vigie acceptance\n", b"-->\n"
_VERSION = 1
_MAX_SEAL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Seal:
    """What was signed. made: by the pole's clock."""

    device: str
    made: datetime
    is_accepted: bool
    page_sha256: str


def seal_page(page: bytes, device: str, made: datetime, key: SigningKey, *, is_good: bool) -> bytes:
    """The page with its signature."""
    statement = {
        "version": _VERSION,
        "device": device,
        "made_utc": utc_text(made.replace(microsecond=0)),
        "is_accepted": is_good,
        "page_sha256": hashlib.sha256(page).hexdigest(),
    }
    envelope = sign_payload(write_object(statement), ACCEPTANCE, key)
    return page + _BEGIN + envelope + _END


def verify_report(received: bytes, keys: dict[str, list[PublicKey]]) -> Seal:
    """What a pole signed, when the page is what it signed. keys: each pole's, by its name.

    Raises VigieError: INVALID_ARGUMENT for what is no report, DATA_LOSS for a page that is not
    the signed one, PERMISSION_DENIED for a signature that none of the pole's keys made.
    """
    page, begun, rest = received.rpartition(_BEGIN)
    if not begun or not rest.endswith(_END) or len(rest) > _MAX_SEAL_BYTES:
        raise _refuse(Kind.INVALID_ARGUMENT, "this is no signed report of vigie doctor")
    try:
        opened = open_envelope(rest.removesuffix(_END), max_bytes=_MAX_SEAL_BYTES)
        if opened.payload_type != ACCEPTANCE:
            raise _refuse(Kind.INVALID_ARGUMENT, f'its seal is "{opened.payload_type}"')
        seal = _read_seal(opened.payload)
        verify_opened(opened, keys.get(seal.device, []), threshold=1)
    except MandateError as error:
        raise _refuse(error.kind, f"the seal does not hold: {error.what}") from error
    except ProblemsError as error:
        raise _refuse(Kind.INVALID_ARGUMENT, f"its seal cannot be read: {error.what}") from error
    if hashlib.sha256(page).hexdigest() != seal.page_sha256:
        raise _refuse(Kind.DATA_LOSS, "the page was changed after it was signed")
    return seal


def _read_seal(payload: bytes) -> Seal:
    fields = Fields(
        parse_object(payload, what="the seal", max_bytes=_MAX_SEAL_BYTES, refusal=ProblemsError)
    )
    fields.whole("version", least=_VERSION, most=_VERSION)
    seal = Seal(
        device=fields.text("device", longest=63),
        made=fields.moment("made_utc"),
        is_accepted=fields.flag("is_accepted"),
        page_sha256=fields.sha256("page_sha256"),
    )
    fields.close()
    fields.raise_problems(ProblemsError)
    return seal


def _refuse(kind: Kind, what: str) -> VigieError:
    return VigieError(kind, what, hint="Ask the technician for the file as the pole wrote it.")
