"""What a provisioning file says: one pole's name, site, collector, token and network.

Pure: text in, frozen values or every problem out. The same check runs before signing and on the
pole; the site's text is checked by the site room, before signing and when it is put into force.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from edge.mandate.statement import utc_text
from edge.provision.keys import load_public
from edge.provision.network import Network, network_record, read_network
from edge.provision.problem import ProvisionError
from edge.wire.fields import NEVER, Fields
from edge.wire.identifiers import DEVICE_NAME_HINT, is_device_name
from edge.wire.strict_json import parse_object, write_object

VERSION = 1
MAX_STATEMENT_BYTES = 131_072
MAX_SITE_CHARS = 65_536
"""Three times a city's busiest pole."""
MAX_CA_CHARS = 16_384
MAX_TOKEN_CHARS = 128
_BOARD = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_HOST_AND_PORT = re.compile(
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?):(?P<port>[0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Provisioning:
    """All that a fresh pole needs to know.

    board: the image it is for. site: the text of its site file. collector: HOST:PORT of enrolment;
    ca_pem: the only authority that is believed there. token: works once. authority_fingerprint:
    of the trust file that the collector must hand out, hexadecimal. technician_key: Ed25519, 32
    bytes, opens the local page; None: nobody does. made, expires: UTC.
    """

    device: str
    board: str
    site: str
    collector: str
    ca_pem: str
    token: str = field(repr=False)
    authority_fingerprint: str
    network: Network
    technician_key: bytes | None
    made: datetime
    expires: datetime


def parse_provisioning(payload: bytes) -> Provisioning:
    """What some bytes say, whoever signed them. Raises ProvisionError with every problem."""
    record = parse_object(
        payload,
        what="the provisioning file",
        max_bytes=MAX_STATEMENT_BYTES,
        refusal=ProvisionError,
    )
    fields = Fields(record)
    fields.whole("version", least=VERSION, most=VERSION)
    address, ca_pem = _read_collector(fields.inner("collector"))
    provisioning = Provisioning(
        device=_read_device(fields),
        board=_read_board(fields),
        site=fields.letter("site", longest=MAX_SITE_CHARS),
        collector=address,
        ca_pem=ca_pem,
        token=fields.text("token", longest=MAX_TOKEN_CHARS),
        authority_fingerprint=fields.sha256("authority_fingerprint"),
        network=read_network(fields.inner("network")),
        technician_key=_read_technician(fields),
        made=fields.moment("made_utc"),
        expires=fields.moment("expires_utc"),
    )
    if provisioning.expires <= provisioning.made and provisioning.made != NEVER:
        fields.wrong("expires_utc", "is not after made_utc: the file would never hold")
    fields.close()
    fields.raise_problems(ProvisionError)
    return provisioning


def write_provisioning(provisioning: Provisioning) -> bytes:
    """The text to be signed."""
    key = provisioning.technician_key
    return write_object(
        {
            "version": VERSION,
            "device": provisioning.device,
            "board": provisioning.board,
            "site": provisioning.site,
            "collector": {"address": provisioning.collector, "ca_pem": provisioning.ca_pem},
            "token": provisioning.token,
            "authority_fingerprint": provisioning.authority_fingerprint,
            "network": network_record(provisioning.network),
            "technician_key": base64.b64encode(key).decode() if key else None,
            "made_utc": utc_text(provisioning.made),
            "expires_utc": utc_text(provisioning.expires),
        }
    )


def is_board_name(text: str) -> bool:
    """Whether a board profile may be called so."""
    return _BOARD.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether this is HOST:PORT or [IPV6]:PORT."""
    found = _HOST_AND_PORT.fullmatch(text)
    return found is not None and 0 < int(found["port"]) < 65536


def _read_device(fields: Fields) -> str:
    name = fields.text("device", longest=63)
    if name and not is_device_name(name):
        fields.wrong("device", f"'{name}' cannot be a device's name", DEVICE_NAME_HINT)
    return name


def _read_board(fields: Fields) -> str:
    board = fields.text("board", longest=32)
    if board and not is_board_name(board):
        fields.wrong("board", f"is '{board}'; allowed: letters, digits and hyphens, like rpi")
    return board


def _read_collector(fields: Fields) -> tuple[str, str]:
    """Address and authority."""
    address = fields.text("address", longest=260)
    if address and not is_address(address):
        fields.wrong("address", f"is '{address}'", "Write it as HOST:PORT, like 192.0.2.1:7444.")
    ca_pem = fields.letter("ca_pem", longest=MAX_CA_CHARS)
    if ca_pem and not _is_certificate(ca_pem):
        fields.wrong("ca_pem", "holds no certificate", "It is the collector's ca.pem.")
    fields.close()
    return address, ca_pem


def _is_certificate(pem: str) -> bool:
    try:
        return len(x509.load_pem_x509_certificates(pem.encode())) > 0
    except ValueError:
        return False


def _read_technician(fields: Fields) -> bytes | None:
    if fields.is_null("technician_key"):
        return None
    text = fields.text("technician_key", longest=64)
    try:
        return load_public(text.encode()).raw if text else None
    except ProvisionError as wrong:
        fields.wrong("technician_key", wrong.what)
        return None
