"""`vigie update halt|resume`, and how the command line reaches the update desk."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    open_channel,
    operator_options,
)
from edge.errors import EXIT_ANSWER_IS_NO

if TYPE_CHECKING:
    from edge.wire.v1.rollout_pb2_grpc import UpdateDeskServiceStub

HALT_EXAMPLES = """\
\b
Examples:
  vigie update halt 3 --reason "a pole at the station is silent"
  vigie update halt 3 --json
\b
What poles already install goes on; nothing else is offered.
"""
RESUME_EXAMPLES = """\
\b
Examples:
  vigie update resume 3
  vigie update resume 3 --yes --json
\b
What failed until now counts no more; the next failure does.
"""
NUMBER = WholeNumber(1, 2**31)


@contextmanager
def open_update_desk(access: Access) -> Iterator["UpdateDeskServiceStub"]:
    """The collector's update desk; every failure inside comes out as a VigieError."""
    from edge.wire.v1 import rollout_pb2_grpc  # noqa: PLC0415 - loads gRPC

    with open_channel(access) as channel:
        yield rollout_pb2_grpc.UpdateDeskServiceStub(channel)


@click.command(epilog=HALT_EXAMPLES)
@click.argument("number", type=NUMBER)
@click.option("--reason", default="", help="For the audit and the page.")
@operator_options
@voice.json_option
def halt(  # noqa: PLR0917 - one parameter an option
    number: int, reason: str, data: Path, collector: str, identity: Path | None, as_json: bool
) -> None:
    """Offer a rollout's update to nobody any more; safe, so it does not ask."""
    from edge.cli.update_status import show_rollout  # noqa: PLC0415 - imports this
    from edge.wire.v1 import rollout_pb2  # noqa: PLC0415 - loads protobuf

    request = rollout_pb2.HaltRolloutRequest(number=number, reason=reason)
    with open_update_desk(Access(data, collector, identity)) as desk:
        halted = desk.HaltRollout(request, timeout=ANSWER_WITHIN_SECONDS).rollout
    show_rollout(halted, as_json=as_json)


@click.command(epilog=RESUME_EXAMPLES)
@click.argument("number", type=NUMBER)
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_options
@voice.json_option
def resume(  # noqa: PLR0917 - one parameter an option
    number: int, yes: bool, data: Path, collector: str, identity: Path | None, as_json: bool
) -> None:
    """Go on with a rollout that was halted."""
    from edge.cli.update_status import show_rollout  # noqa: PLC0415 - imports this
    from edge.wire.v1 import rollout_pb2  # noqa: PLC0415 - loads protobuf

    if not yes and not _is_meant(number):
        voice.say(f"vigie: nothing was changed; rollout {number} stands")
        raise click.exceptions.Exit(EXIT_ANSWER_IS_NO)
    request = rollout_pb2.ResumeRolloutRequest(number=number)
    with open_update_desk(Access(data, collector, identity)) as desk:
        resumed = desk.ResumeRollout(request, timeout=ANSWER_WITHIN_SECONDS).rollout
    show_rollout(resumed, as_json=as_json)


def _is_meant(number: int) -> bool:
    """What the person answers; nobody there to answer is a wrong command line."""
    try:
        return click.confirm(f"Go on with rollout {number} to the poles that wait?", err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        voice.say("")
        raise click.UsageError("there is nobody to ask here; give --yes") from None
