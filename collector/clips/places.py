"""Of which cameras clips may be asked: what the newest mandates name, and the poles have shown."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.mandates import Delivered
from collector.rights import Role
from edge.mandate.statement import Mandate
from edge.wire.v1 import event_pb2, session_pb2


@dataclass(frozen=True, slots=True)
class Place:
    """A camera of a pole. time_zone: of its site, as the mandate says it."""

    device: str
    camera: str
    time_zone: str


def read_cameras(connection: sqlite3.Connection, device: str = "") -> dict[str, frozenset[str]]:
    """By device (one, or all of them) every camera that it has named itself."""
    found: dict[str, set[str]] = {}
    known = "SELECT name, health FROM devices WHERE ? IN ('', name)"
    for name, health in connection.execute(known, (device,)):
        status = session_pb2.Status.FromString(health) if health else session_pb2.Status()
        found[name] = {camera.camera for camera in status.cameras}
    said = "SELECT device, body FROM dictionaries WHERE ? IN ('', device)"
    for name, body in connection.execute(said, (device,)):
        rules = event_pb2.Dictionary.FromString(body).rules
        found.setdefault(name, set()).update(rule.camera for rule in rules)
    return {name: frozenset(cameras - {""}) for name, cameras in found.items()}


def find_places(
    delivered: Iterable[Delivered], cameras: Mapping[str, frozenset[str]], role: Role, now_ms: int
) -> list[Place]:
    """By device and camera, where the newest mandate that has not ended lets the role ask.

    delivered: the newest first. The pole decides by itself in the end.
    """
    zones: dict[tuple[str, str], str | None] = {}
    for each in delivered:
        mandate = each.statement
        if not isinstance(mandate, Mandate) or each.expires_utc_ms <= now_ms:
            continue
        zone = mandate.time_zone if role.value in mandate.clip_requesters else None
        for device in mandate.devices:
            for named in mandate.cameras:
                if named.camera in cameras.get(device, ()):
                    zones.setdefault((device, named.camera), zone)
    return [Place(*place, zone) for place, zone in sorted(zones.items()) if zone is not None]
