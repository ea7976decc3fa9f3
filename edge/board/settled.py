"""What a pole knows of itself after its first boot: small files in /state.

`settled.json` is written last of all that an enrolment leaves, so a pole is settled or it is not.
Beside it lie the trust file and the site file: `data` can be lost and made anew without them.
"""

from dataclasses import dataclass, field
from pathlib import Path

from edge.board.machine import Machine
from edge.provision.network import Network, network_record, read_network
from edge.provision.statement import Provisioning
from edge.whole_file import read_bounded, write_whole
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object, write_object

MAX_SETTLED_BYTES = 65_536
_VERSION = 1


class SettledError(ProblemsError):
    """settled.json is not as it was written; the pole is provisioned again."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where on the machine it lies. All of /state is root's but the link's identity."""

    machine: Machine

    @property
    def settled(self) -> Path:
        """Who this pole is, and which file made it so."""
        return self.machine.at("/state/settled.json")

    @property
    def trust(self) -> Path:
        """Whom it believes; copied to data, where the rooms read it."""
        return self.machine.at("/state/trust.json")

    @property
    def site(self) -> Path:
        """The site file; /etc/vigie/site.toml points here."""
        return self.machine.at("/state/site.toml")

    @property
    def identity(self) -> Path:
        """The link's key and certificate, 0700, the link's; bound to DATA/identity."""
        return self.machine.at("/state/identity")

    @property
    def clock_floor(self) -> Path:
        """A moment that is certainly past, nanoseconds since 1970-01-01 UTC."""
        return self.machine.at("/state/clock-floor")

    @property
    def pole(self) -> Path:
        """The rooms' data, on the partition `data`."""
        return self.machine.at("/var/lib/vigie/pole")


@dataclass(frozen=True, slots=True)
class Settled:
    """collector: HOST:PORT of enrolment, which also tells the time. file_sha256: hexadecimal, of
    the provisioning file that was applied.
    """

    device: str
    collector: str
    ca_pem: str
    authority_fingerprint: str
    network: Network
    technician_key: str = field(default="")
    file_sha256: str = field(default="")


def settle(provisioning: Provisioning, file_sha256: str) -> Settled:
    """What is kept of a provisioning file: everything but the token."""
    key = provisioning.technician_key
    return Settled(
        provisioning.device,
        provisioning.collector,
        provisioning.ca_pem,
        provisioning.authority_fingerprint,
        provisioning.network,
        key.hex() if key else "",
        file_sha256,
    )


def write_settled(places: Places, settled: Settled) -> None:
    """Raises OSError."""
    record = {
        "version": _VERSION,
        "device": settled.device,
        "collector": settled.collector,
        "ca_pem": settled.ca_pem,
        "authority_fingerprint": settled.authority_fingerprint,
        "network": network_record(settled.network),
        "technician_key": settled.technician_key,
        "file_sha256": settled.file_sha256,
    }
    write_whole(places.settled, write_object(record), mode=0o600)


def read_settled(places: Places) -> Settled | None:
    """None: this pole was never provisioned. Raises SettledError for a damaged file."""
    content = read_bounded(places.settled, MAX_SETTLED_BYTES)
    if content is None:
        return None
    record = parse_object(
        content, what="settled.json", max_bytes=MAX_SETTLED_BYTES, refusal=SettledError
    )
    fields = Fields(record)
    fields.whole("version", least=_VERSION, most=_VERSION)
    settled = Settled(
        fields.text("device", longest=63),
        fields.text("collector", longest=260),
        fields.letter("ca_pem", longest=MAX_SETTLED_BYTES),
        fields.text("authority_fingerprint", longest=64),
        read_network(fields.inner("network")),
        fields.text("technician_key", longest=64, shortest=0),
        fields.text("file_sha256", longest=64),
    )
    fields.close()
    fields.raise_problems(SettledError)
    return settled
