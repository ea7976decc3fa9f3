"""`vigie device status`: which poles the collector knows, and how each of them is."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    ask_operator,
    operator_options,
)

if TYPE_CHECKING:
    from edge.wire.v1.operator_pb2 import Device

# A pole says how it is once a minute; two missed words make it stale.
STALE_AFTER_MS = 150_000
DAY_MS = 86_400_000

STATUS_EXAMPLES = """\
\b
Examples:
  vigie device status
  vigie device status --json
"""
_STATES = {1: "invited", 2: "enrolled", 3: "revoked"}
_HEADINGS = ("device", "state", "stream", "last heard", "events", "waiting", "certificate",
             "cameras", "software")  # fmt: skip


@click.command(epilog=STATUS_EXAMPLES)
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
