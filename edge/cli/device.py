"""`vigie device`: invite, enrol, list and revoke poles."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup, WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    ask_operator,
    operator_options,
)
from edge.cli.progress import show_progress
from edge.errors import EXIT_ANSWER_IS_NO

if TYPE_CHECKING:
    from edge.wire.v1.operator_pb2 import Device

# A pole says how it is once a minute; two missed words make it stale.
STALE_AFTER_MS = 150_000
DAY_MS = 86_400_000

INVITE_EXAMPLES = """\
\b
Examples:
  vigie device invite north-gate
  vigie device invite north-gate --valid-hours 2 --json
"""
ENROL_EXAMPLES = """\
\b
Examples:
  vigie device enrol --collector control.example:7444 --ca ca.pem --token TOKEN --device yard
  vigie device enrol --collector 192.0.2.1:7444 --ca ca.pem --token TOKEN --device yard --data d
"""
STATUS_EXAMPLES = """\
\b
Examples:
  vigie device status
  vigie device status --json
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
_STATES = {1: "invited", 2: "enrolled", 3: "revoked"}
_HEADINGS = ("device", "state", "stream", "last heard", "events", "waiting", "certificate",
             "cameras", "software")  # fmt: skip


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
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


@device.command(epilog=ENROL_EXAMPLES, short_help="Get this device's certificate with a token.")
@click.option("--collector", required=True, metavar="HOST:PORT", help="Address of enrolment.")
@click.option(
    "--ca", required=True, type=click.Path(path_type=Path), help="The collector's ca.pem."
)
@click.option("--token", required=True, help="One-time token from 'vigie device invite'.")
@click.option("--device", "name", required=True, help="The name that the token was made for.")
@click.option(
    "--authority",
    default="",
    metavar="FINGERPRINT",
    help="Believe only the authority whose trust file has this fingerprint.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/vigie/pole"),
    show_default=True,
    help="Data directory of this device.",
)
@voice.json_option
@click.pass_obj
def enrol(  # noqa: PLR0917 - one parameter an option
    said: voice.Voice,
    collector: str,
    ca: Path,
    token: str,
    name: str,
    authority: str,
    data: Path,
    as_json: bool,
) -> None:
    """Get this device's certificate; its key is made here and never leaves.

    Pins whose mandates the device believes. Cut anywhere, it is repeated with the same command.
    """
    import asyncio  # noqa: PLC0415

    from edge.cli.event_lines import clock_text  # noqa: PLC0415
    from edge.cli.pinning import make_evidence, pin_trust  # noqa: PLC0415
    from edge.link.enrolment import check_name  # noqa: PLC0415
    from edge.link.enrolment import enrol as ask  # noqa: PLC0415
    from edge.link.identity import IdentityDirectory  # noqa: PLC0415

    check_name(name)
    token = token.strip()
    asking = ask(
        IdentityDirectory(data / "identity"),
        device=name,
        collector=collector,
        ca=ca,
        token=token,
        evidence=make_evidence(data, name, token),
    )
    with show_progress(said, f"asking {collector}"):
        enrolled = asyncio.run(asking)
    identity = enrolled.identity
    pinned = pin_trust(data, name, enrolled.trust, authority)
    expires_utc_ms = round(identity.valid_until_utc * 1000)
    if as_json:
        voice.print_json(
            {
                "device": identity.device,
                "collector": identity.collector,
                "expires_utc_ms": expires_utc_ms,
                "authority": pinned.authority if pinned else None,
                "authority_fingerprint": pinned.fingerprint if pinned else None,
            }
        )
        return
    voice.say(
        f"{identity.device} is enrolled with {identity.collector}; the certificate holds until "
        f"{clock_text(expires_utc_ms)} and renews itself."
    )
    if pinned is not None:
        voice.say(f"It believes mandates of {pinned.authority} ({pinned.fingerprint}).")
    else:
        voice.say(
            "It believes nobody's mandates yet, so it will detect and record nothing: give the "
            "collector the authority's file ('vigie collector trust FILE') and enrol again."
        )


@device.command(epilog=STATUS_EXAMPLES)
@operator_options
@voice.json_option
def status(data: Path, collector: str, identity: Path | None, as_json: bool) -> None:
    """List the devices: who is connected, who is silent, what waits."""
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    with ask_operator(Access(data, collector, identity)) as operator:
        found = operator.ListDevices(
            operator_pb2.ListDevicesRequest(), timeout=ANSWER_WITHIN_SECONDS
        ).devices
    now_utc_ms = time.time_ns() // 1_000_000
    if as_json:
        for each in found:
            voice.print_json(_as_record(each, now_utc_ms))
    elif found:
        voice.print_table(_HEADINGS, [_as_row(each, now_utc_ms) for each in found])
    else:
        voice.say("no devices; invite one with 'vigie device invite NAME'")


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


def _is_stale(found: "Device", now_utc_ms: int) -> bool:
    if not found.HasField("last_seen_utc_ms"):
        return True
    return now_utc_ms - found.last_seen_utc_ms > STALE_AFTER_MS


def _as_record(found: "Device", now_utc_ms: int) -> dict[str, object]:
    record: dict[str, object] = {
        "device": found.name,
        "state": _state(found),
        "is_connected": found.is_connected,
        "is_stale": _is_stale(found, now_utc_ms),
        "stored_events": found.stored_events,
        "software": found.software,
    }
    for name in ("last_seen_utc_ms", "certificate_expires_utc_ms"):
        if found.HasField(name):
            record[name] = getattr(found, name)
    if found.HasField("status"):
        record["pending_events"] = found.status.pending_events
        record["disk_free_bytes"] = found.status.disk_free_bytes
        record["cameras"] = [
            {"camera": camera.camera, "is_open": camera.is_open} for camera in found.status.cameras
        ]
    return record


def _as_row(found: "Device", now_utc_ms: int) -> tuple[str, ...]:
    cameras = found.status.cameras
    is_open = sum(camera.is_open for camera in cameras)
    return (
        found.name,
        _state(found),
        "open" if found.is_connected else "none",
        _heard(found, now_utc_ms),
        str(found.stored_events),
        str(found.status.pending_events) if found.HasField("status") else "",
        _certificate(found, now_utc_ms),
        f"{is_open} of {len(cameras)}" if cameras else "",
        found.software,
    )


def _state(found: "Device") -> str:
    return _STATES.get(found.state, f"unknown state {found.state}")


def _heard(found: "Device", now_utc_ms: int) -> str:
    if not found.HasField("last_seen_utc_ms"):
        return "never"
    seconds = max(0, now_utc_ms - found.last_seen_utc_ms) // 1000
    stale = " STALE" if _is_stale(found, now_utc_ms) else ""
    return f"{seconds} s ago{stale}"


def _certificate(found: "Device", now_utc_ms: int) -> str:
    if not found.HasField("certificate_expires_utc_ms"):
        return ""
    days = (found.certificate_expires_utc_ms - now_utc_ms) / DAY_MS
    return f"{days:.0f} days" if days > 0 else "EXPIRED"
