"""Making provisioning files: all is checked first, then the collector is asked for tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.named_files import read_file, write_new
from edge.cli.network_option import Ask, parse_network
from edge.cli.operator_channel import ANSWER_WITHIN_SECONDS, Access, ask_operator
from edge.cli.pole_list import Pole
from edge.errors import Kind, VigieError
from edge.flash.labels import Label
from edge.mandate.keys import MAX_KEY_FILE_BYTES, SigningKey
from edge.provision.keys import load_public
from edge.provision.network import Network
from edge.provision.signing import sign_provisioning
from edge.provision.statement import Provisioning

if TYPE_CHECKING:
    from edge.site.model import SiteFile

SUFFIX = ".provision.json"
_UNREACHABLE = ("127.", "0.0.0.0:", "[::]:", "[::1]:", "localhost:")
# As long as a token: its random part is what a check before the invitation cannot know.
_NO_TOKEN_YET = "x" * 32


@dataclass(frozen=True, slots=True)
class Order:
    """What all poles of one command have in common.

    token: given by hand; empty: the collector is asked for one. enrolment: HOST:PORT; empty: the
    running collector's. technician: path of a public key.
    """

    access: Access
    key: SigningKey
    authority: str
    enrolment: str
    valid_hours: int
    token: str = ""
    ca: Path | None = None
    technician: Path | None = None

    def address(self) -> str:
        """Where poles enrol. Raises VigieError for an address that no pole reaches."""
        if self.enrolment:
            return self.enrolment
        found = "" if self.access.collector else self.access.read_addresses().get("enrolment", "")
        if not found or found.startswith(_UNREACHABLE):
            what = (
                f"a pole cannot reach the collector at {found}"
                if found
                else ("where poles enrol is not known of a collector on another machine")
            )
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                what,
                hint="Say how poles reach it: --enrolment HOST:PORT, such as control.example:7444.",
            )
        return found

    def read_ca(self) -> str:
        """The collector's authority."""
        path = self.ca or self.access.directory / "ca.pem"
        return read_file(path).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement that only wants its token. out: where the file will stand."""

    statement: Provisioning
    site_name: str
    out: Path

    @property
    def label(self) -> Label:
        """What is stuck onto the pole."""
        return Label(self.statement.device, self.site_name, self.statement.collector)


def draft(pole: Pole, order: Order, out: Path, ask: Ask, now: datetime) -> Draft:
    """Everything about a pole but its token, checked. Raises VigieError."""
    if out.exists():
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "exists already and is not overwritten",
            where=str(out),
            hint="Name another place with --out, or move the old file away.",
        )
    site_text, site = _read_site(pole.site)
    network: Network = parse_network(pole.network, ask)
    technician = order.technician
    raw = load_public(read_file(technician, MAX_KEY_FILE_BYTES)).raw if technician else None
    made = now.replace(microsecond=0)
    statement = Provisioning(
        device=pole.device,
        board=pole.board,
        site=site_text,
        collector=order.address(),
        ca_pem=order.read_ca(),
        token=order.token or _NO_TOKEN_YET,
        authority_fingerprint=order.authority.strip().lower(),
        network=network,
        technician_key=raw,
        made=made,
        expires=made + timedelta(hours=order.valid_hours),
    )
    # Signed once for nothing: what no pole would take is refused before a token is made.
    sign_provisioning(statement, order.key)
    return Draft(statement, site.site.name, out)


def draft_all(
    poles: Sequence[Pole], order: Order, folder: Path, ask: Ask, now: datetime
) -> list[Draft]:
    """As draft, for each pole of a list. Raises VigieError with what is wrong with each."""
    secrets: dict[str, str] = {}

    def ask_once(question: str) -> str:
        if question not in secrets:
            secrets[question] = ask(question)
        return secrets[question]

    drafts, problems = [], []
    for pole in poles:
        try:
            drafts.append(draft(pole, order, folder / f"{pole.device}{SUFFIX}", ask_once, now))
        except VigieError as error:
            problems.append(f"{pole.device}: {error}".replace("\n", "\n  "))
    if problems:
        raise VigieError(Kind.INVALID_ARGUMENT, "\n  ".join(["no file was made:", *problems]))
    return drafts


def finish(drafts: Sequence[Draft], order: Order) -> list[Provisioning]:
    """Ask for the tokens, sign and write the files; what was written. Raises VigieError."""
    if order.token:
        return [_write(each, each.statement, order) for each in drafts]
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415 - loads protobuf

    made = []
    with ask_operator(order.access) as operator:
        for each in drafts:
            request = operator_pb2.InviteDeviceRequest(
                device=each.statement.device, valid_seconds=order.valid_hours * 3600
            )
            answer = operator.InviteDevice(request, timeout=ANSWER_WITHIN_SECONDS)
            expires = datetime.fromtimestamp(answer.expires_utc_ms // 1000, UTC)
            statement = replace(each.statement, token=answer.token, expires=expires)
            made.append(_write(each, statement, order))
    return made


def _read_site(path: Path) -> "tuple[str, SiteFile]":
    from edge.site.check import load_site  # noqa: PLC0415 - loads pydantic
    from edge.site.text import read_text  # noqa: PLC0415

    text = read_text(path)
    return text, load_site(text, file=str(path))


def _write(each: Draft, statement: Provisioning, order: Order) -> Provisioning:
    write_new(each.out, sign_provisioning(statement, order.key), is_secret=True)
    return statement
