"""A fleet for tests: its key, and provisioning files that a test bends where it wants."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from edge.mandate.envelope import sign_payload
from edge.mandate.keys import SigningKey, make_signing_key
from edge.provision.network import Dhcp
from edge.provision.signing import PROVISIONING
from edge.provision.statement import Provisioning, write_provisioning
from tests.fakes.authority import Authority

MADE = datetime(2026, 11, 21, 6, tzinfo=UTC)
BOARD = "qemu-amd64"
SITE = """\
version = 1
[site]
name = "north gate"
[[camera]]
name = "north"
source = "sim:street"
"""


@cache
def ca_pem() -> str:
    """A collector's authority."""
    return Authority().ca_pem.decode()


@cache
def fleet_key() -> SigningKey:
    """The key that signs."""
    return make_signing_key("provision")


def provisioning(device: str = "north-gate", **changed: object) -> Provisioning:
    """A good statement, but for what a test changes."""
    values: dict[str, object] = {
        "device": device,
        "board": BOARD,
        "site": SITE,
        "collector": "control.example:7444",
        "ca_pem": ca_pem(),
        "token": "abcdefghijklmnopqrstuvwxyz234567",
        "authority_fingerprint": "ab" * 32,
        "network": Dhcp(),
        "technician_key": None,
        "made": MADE,
        "expires": MADE + timedelta(days=7),
    }
    return Provisioning(**(values | changed))  # type: ignore[arg-type]


def bent(path: str, value: object) -> bytes:
    """The text of a statement in which one value is another; a path such as network.kind."""
    record = json.loads(write_provisioning(provisioning()))
    *outer, last = path.split(".")
    inner = record
    for name in outer:
        inner = inner[name]
    inner[last] = value
    return json.dumps(record).encode()


def signed(
    record: bytes | Provisioning, key: SigningKey | None = None, kind: str = PROVISIONING
) -> bytes:
    """An envelope around anything at all, good or bad."""
    payload = record if isinstance(record, bytes) else write_provisioning(record)
    return sign_payload(payload, kind, key or fleet_key())


def tampered(received: bytes, change: Mapping[str, str]) -> bytes:
    """An envelope whose payload was edited after it was signed."""
    envelope = json.loads(received)
    payload = base64.b64decode(envelope["payload"]).decode()
    for old, new in change.items():
        assert old in payload
        payload = payload.replace(old, new)
    envelope["payload"] = base64.b64encode(payload.encode()).decode()
    return json.dumps(envelope).encode()
