"""How the command line asks the collector: mutual TLS with an operator's certificate.

The collector writes an identity for its own machine into `DATA/operator/`; `--identity` takes
one from elsewhere. gRPC is imported when a command needs it, never for --help.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from edge.cli import voice
from edge.cli.progress import show_progress
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from grpc import Channel

    from edge.enrolment.channel import Credentials
    from edge.wire.v1.clip_pb2_grpc import ClipDeskServiceStub
    from edge.wire.v1.operator_pb2_grpc import OperatorServiceStub

DEFAULT_DATA = Path("/var/lib/vigie/collector")
ANSWER_WITHIN_SECONDS = 30.0

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the collector is and who asks.

    collector: HOST:PORT; empty for the one whose data directory `data` is.
    identity: directory with key.pem, certificate.pem and ca.pem; None for data/operator.
    """

    data: Path
    collector: str
    identity: Path | None

    @property
    def directory(self) -> Path:
        """The directory of the operator's identity."""
        return self.identity or self.data / "operator"

    def read_addresses(self) -> dict[str, str]:
        """What the running collector wrote: sessions, enrolment, page as HOST:PORT.

        Raises VigieError when there is none.
        """
        import tomllib  # noqa: PLC0415 - a twentieth of --help

        path = self.directory / "collector.toml"
        try:
            found = tomllib.loads(path.read_text())
        except OSError as error:
            raise VigieError(
                Kind.NOT_FOUND,
                f"there is no collector's address here ({error.strerror})",
                where=str(path),
                hint="Start the collector with 'vigie collector run --data DIR' and give the same "
                "--data here, or give --collector HOST:PORT and --identity DIR.",
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise VigieError(
                Kind.DATA_LOSS,
                f"the collector's address cannot be read ({error})",
                where=str(path),
                hint="Restart the collector; it writes the file anew.",
            ) from error
        return {name: str(address) for name, address in found.items()}

    def get_address(self) -> str:
        """HOST:PORT of the operators' service."""
        return self.collector or self.read_addresses().get("sessions", "")


def operator_options(command: Callable[P, R]) -> Callable[P, R]:
    """--data, --collector and --identity for a command that asks the collector."""
    for option in (
        click.option(
            "--identity",
            type=click.Path(path_type=Path),
            help="Directory with an operator's key.pem, certificate.pem and ca.pem.",
        ),
        click.option(
            "--collector", default="", metavar="HOST:PORT", help="A collector on another machine."
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            default=DEFAULT_DATA,
            show_default=True,
            help="Data directory of the collector on this machine.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def ask_operator(access: Access) -> Iterator["OperatorServiceStub"]:
    """As open_operator, for a question with one answer: a wait of seconds is shown as one."""
    speaker: voice.Voice = click.get_current_context().obj
    with show_progress(speaker, "waiting for the collector"), open_operator(access) as operator:
        yield operator


@contextmanager
def open_operator(access: Access) -> Iterator["OperatorServiceStub"]:
    """The collector's operator service; every failure inside comes out as a VigieError."""
    from edge.wire.v1 import operator_pb2_grpc  # noqa: PLC0415 - loads gRPC

    with open_channel(access) as channel:
        yield operator_pb2_grpc.OperatorServiceStub(channel)


@contextmanager
def open_clip_desk(access: Access) -> Iterator["ClipDeskServiceStub"]:
    """The collector's clip desk; every failure inside comes out as a VigieError."""
    from edge.wire.v1 import clip_pb2_grpc  # noqa: PLC0415 - loads gRPC

    with open_channel(access) as channel:
        yield clip_pb2_grpc.ClipDeskServiceStub(channel)


@contextmanager
def open_channel(access: Access) -> Iterator["Channel"]:
    """A connection as an operator; every failure inside comes out as a VigieError."""
    import grpc  # noqa: PLC0415 - costs 60 ms

    from edge.enrolment.channel import OPTIONS  # noqa: PLC0415

    address = access.get_address()
    credentials = _read_credentials(access.directory)
    proof = grpc.ssl_channel_credentials(
        credentials.ca_pem, credentials.key_pem, credentials.certificate_pem
    )
    channel: Channel
    with grpc.secure_channel(address, proof, options=OPTIONS) as channel:
        try:
            yield channel
        except grpc.RpcError as error:
            raise _translate(error, address, credentials) from error


def _read_credentials(directory: Path) -> "Credentials":
    from edge.enrolment.channel import Credentials  # noqa: PLC0415

    try:
        return Credentials(
            ca_pem=(directory / "ca.pem").read_bytes(),
            key_pem=(directory / "key.pem").read_bytes(),
            certificate_pem=(directory / "certificate.pem").read_bytes(),
        )
    except OSError as error:
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no operator's identity here ({error.strerror})",
            where=str(error.filename),
            hint="Give the collector's directory with --data, or an identity with --identity.",
        ) from error


def _translate(error: Exception, address: str, credentials: "Credentials") -> VigieError:
    import grpc  # noqa: PLC0415

    from edge.enrolment.channel import get_kind  # noqa: PLC0415
    from edge.enrolment.diagnosis import find_reason  # noqa: PLC0415

    code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.INTERNAL
    details = error.details() if isinstance(error, grpc.Call) else str(error)
    if code is grpc.StatusCode.UNAVAILABLE:
        return _for_operators(find_reason(address, credentials))
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return VigieError(
            Kind.FAILED_PRECONDITION,
            f"the collector at {address} does not know this command",
            hint="It is older than this vigie: update it.",
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return VigieError(
            Kind.UNAVAILABLE,
            f"the collector at {address} did not answer within {ANSWER_WITHIN_SECONDS:.0f} s",
            hint="Look at the collector's log, then try again.",
        )
    what, _, remedy = str(details).partition(". ")
    return VigieError(get_kind(code), f"the collector refused: {what}", hint=remedy or None)


def _for_operators(reason: VigieError) -> VigieError:
    """The link's reason; an operator does not enrol, so what to do is another thing."""
    if "enrol" not in (reason.hint or ""):
        return reason
    hint = (
        "Is 'vigie collector run' running there? Compare --collector and --identity, or --data, "
        "with what it was started with."
    )
    return VigieError(reason.kind, reason.what, where=reason.where, hint=hint)
