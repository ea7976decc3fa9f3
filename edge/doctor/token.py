"""A technician's token: opens the local page of one pole, once, for some minutes.

Signed with the technician's key, whose public half stands in the pole's provisioning file. Pure:
bytes in, token or refusal out. Once: a pole takes only a token that was made later than the last
it took, so that nothing but one moment need be remembered, and a clock that was set back lets
nothing in twice. A clock that shows a time before the token was made proves nothing, so it opens
nothing either.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.errors import Kind, VigieError
from edge.mandate.envelope import open_envelope, sign_payload, verify_opened
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.mandate.statement import utc_text
from edge.provision.places import MAX_VISIT_BYTES
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object, write_object

TOKEN = "application/vnd.vigie.technician-token+json"  # noqa: S105 - a media type
DEFAULT_MINUTES, MAX_MINUTES = 15, 60
MAX_VALID = timedelta(days=7)
MAX_AHEAD = timedelta(minutes=10)
"""How far the clock of the technician's laptop may be before the pole's."""
MAX_RATED_GB = 100_000_000
_VERSION = 1
_ID_BYTES = 16
# IFNAMSIZ of linux/if.h, with the end of the text.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")


@dataclass(frozen=True, slots=True)
class Token:
    """number: 32 hexadecimal digits, also the page's path. minutes: how long the page is open.

    interface: the cable; empty: the board's own for it. rated_gb: that the card's maker lets be
    written to it, as the technician read it from the box; None: not known.
    """

    device: str
    number: str
    minutes: int
    made: datetime
    expires: datetime
    interface: str = ""
    rated_gb: int | None = None


def make_token(
    device: str,
    minutes: int,
    now: datetime,
    valid: timedelta,
    *,
    interface: str = "",
    rated_gb: int | None = None,
) -> Token:
    """A fresh one. minutes: 1 to MAX_MINUTES; valid: at most MAX_VALID."""
    made, number = now.replace(microsecond=0), secrets.token_hex(_ID_BYTES)
    return Token(device, number, minutes, made, made + valid, interface, rated_gb)


def is_interface(text: str) -> bool:
    """Whether a cable of the kernel may be called so."""
    return _INTERFACE.fullmatch(text) is not None


def sign_token(token: Token, key: SigningKey) -> bytes:
    """The file for the technician."""
    record = {
        "version": _VERSION,
        "device": token.device,
        "number": token.number,
        "minutes": token.minutes,
        "made_utc": utc_text(token.made),
        "expires_utc": utc_text(token.expires),
        "interface": token.interface,
        "rated_gb": token.rated_gb,
    }
    return sign_payload(write_object(record), TOKEN, key)


def read_unverified(received: bytes) -> Token:
    """What a token says, whoever signed it. Nothing in it is believed. Raises VigieError."""
    return _take(received, key=None)


def verify_token(
    received: bytes, key: PublicKey, device: str, now: datetime, last_made: datetime | None
) -> Token:
    """A token that opens this pole now. last_made: of the last token that did.

    Raises VigieError: INVALID_ARGUMENT for what is no token, PERMISSION_DENIED for one that opens
    nothing here or nothing any more, FAILED_PRECONDITION where the pole's clock cannot be right.
    """
    token = _take(received, key)
    if token.device != device:
        raise _refuse(Kind.PERMISSION_DENIED, f"it is for {token.device}, and this is {device}")
    if now < token.made - MAX_AHEAD:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"the token opens nothing yet: it was made on {utc_text(token.made)}, and this pole's "
            f"clock shows {utc_text(now.replace(microsecond=0))}",
            hint="One of the two clocks is wrong. A pole sets its own once it reaches the "
            "collector; set the laptop's, and make another token.",
        )
    if now >= token.expires:
        raise _refuse(Kind.PERMISSION_DENIED, f"it expired on {utc_text(token.expires)}")
    if last_made is not None and token.made <= last_made:
        raise _refuse(Kind.PERMISSION_DENIED, "it was used, or is older than one that was used")
    return token


def _take(received: bytes, key: PublicKey | None) -> Token:
    try:
        opened = open_envelope(received, max_bytes=MAX_VISIT_BYTES)
        if opened.payload_type != TOKEN:
            raise _refuse(Kind.INVALID_ARGUMENT, f'it is "{opened.payload_type}"')
        if key is not None:
            verify_opened(opened, [key], threshold=1)
        return _read(opened.payload)
    except MandateError as error:
        raise _refuse(error.kind, error.what) from error
    except ProblemsError as error:
        raise _refuse(Kind.INVALID_ARGUMENT, error.what) from error


def _read(payload: bytes) -> Token:
    fields = Fields(
        parse_object(payload, what="the token", max_bytes=MAX_VISIT_BYTES, refusal=ProblemsError)
    )
    fields.whole("version", least=_VERSION, most=_VERSION)
    token = Token(
        device=fields.text("device", longest=63),
        number=fields.text("number", shortest=2 * _ID_BYTES, longest=2 * _ID_BYTES),
        minutes=fields.whole("minutes", least=1, most=MAX_MINUTES),
        made=fields.moment("made_utc"),
        expires=fields.moment("expires_utc"),
        interface=fields.text("interface", shortest=0, longest=15),
        rated_gb=_read_rated(fields),
    )
    if not set(token.number) <= set("0123456789abcdef"):
        fields.wrong("number", "is not hexadecimal")
    if token.interface and not is_interface(token.interface):
        fields.wrong("interface", "is no name of a cable")
    if not timedelta() < token.expires - token.made <= MAX_VALID:
        fields.wrong("expires_utc", "is not within a week of made_utc")
    fields.close()
    fields.raise_problems(ProblemsError)
    return token


def _read_rated(fields: Fields) -> int | None:
    if fields.is_null("rated_gb"):
        return None
    return fields.whole("rated_gb", least=1, most=MAX_RATED_GB)


def _refuse(kind: Kind, what: str) -> VigieError:
    return VigieError(
        kind,
        f"the token opens nothing here: {what}",
        hint="Make one where the technician's key is: vigie doctor token --help",
    )
