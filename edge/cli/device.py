"""`vigie device`: invite, enrol, list and revoke poles."""

import sys
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.device_enrolment import enrol
from edge.cli.device_status import status
from edge.cli.nouns import NounGroup, WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    ask_operator,
    operator_options,
)
from edge.errors import EXIT_ANSWER_IS_NO

INVITE_EXAMPLES = """\
\b
Examples:
  vigie device invite north-gate
  vigie device invite north-gate --valid-hours 2 --json
"""
REVOKE_EXAMPLES = """\
\b
Examples:
  vigie device revoke north-gate --reason "stolen on 3 May"
  vigie device revoke north-gate --reason "replaced" --yes
"""
GROUP_EXAMPLES = """\
\b
Examples:
  vigie device invite north-gate
  vigie device status
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[enrol, status])
def device() -> None:
    """Invite, enrol, list and revoke devices."""


@device.command(epilog=INVITE_EXAMPLES)
@click.argument("name")
@click.option(
    "--valid-hours",
    type=WholeNumber(1, 720),
    default=24,
    show_default=True,
    help="How long the token works.",
)
@operator_options
@voice.json_option
def invite(  # noqa: PLR0917 - one parameter an option
    name: str,
    valid_hours: int,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Make a one-time token with which one device may enrol."""
    from edge.cli.event_lines import clock_text  # noqa: PLC0415
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    access = Access(data, collector, identity)
    request = operator_pb2.InviteDeviceRequest(device=name, valid_seconds=valid_hours * 3600)
    with ask_operator(access) as operator:
        answer = operator.InviteDevice(request, timeout=ANSWER_WITHIN_SECONDS)
    enrolment = "HOST:PORT" if collector else access.read_addresses().get("enrolment", "HOST:PORT")
    ca = access.directory / "ca.pem"
    if as_json:
        voice.print_json(
            {
                "device": name,
                "token": answer.token,
                "expires_utc_ms": answer.expires_utc_ms,
                "collector": enrolment,
                "ca": str(ca),
            }
        )
        return
    voice.say(f"The token works once, until {clock_text(answer.expires_utc_ms)}.")
    voice.say(f"Copy {ca} to the device, then run there:")
    click.echo(
        f"vigie device enrol --collector {enrolment} --ca ca.pem --token {answer.token} "
        f"--device {name}"
    )


@device.command(epilog=REVOKE_EXAMPLES)
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the audit; at most 256 bytes.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_options
@voice.json_option
def revoke(  # noqa: PLR0917 - one parameter an option
    name: str,
    reason: str,
    yes: bool,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """End a device's streams within 5 s and refuse it from now on."""
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    if not yes and not _is_meant(name):
        voice.say(f"vigie: nothing was changed; {name} goes on")
        raise click.exceptions.Exit(EXIT_ANSWER_IS_NO)
    request = operator_pb2.RevokeDeviceRequest(device=name, reason=reason)
    with ask_operator(Access(data, collector, identity)) as operator:
        ended = operator.RevokeDevice(request, timeout=ANSWER_WITHIN_SECONDS).ended_streams
    if as_json:
        voice.print_json({"device": name, "ended_streams": ended})
    else:
        voice.say(f"{name} is revoked; {ended} open streams were ended")


def _is_meant(name: str) -> bool:
    """What the person answers; nobody there to answer is a wrong command line."""
    try:
        return click.confirm(f"Revoke {name}? It must be enrolled again to return", err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        voice.say("")
        raise click.UsageError("there is nobody to ask here; give --yes") from None
