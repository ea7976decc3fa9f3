"""Mandates: who signed, where each is in force, what ends soon, why a pole sees nothing."""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.mandates import Delivered
from collector.page.answers import answer_json, read_fields
from collector.page.gate import services_of
from collector.page.rows import Json
from collector.store import DeviceRecord
from collector.trusted import Trusted
from edge.mandate.envelope import MAX_ENVELOPE_BYTES
from edge.mandate.statement import Mandate, MandateCamera, Revocation
from edge.mandate.window import window_record
from edge.wire.v1 import operator_pb2, session_pb2

# The envelope is text inside a JSON string: each of its quotes and line ends takes one byte more.
MAX_BODY_BYTES = 2 * MAX_ENVELOPE_BYTES


async def list_mandates(request: Request, session: Session) -> Response:
    """Every signed statement, whom the poles believe, and what is in force on each."""
    services = services_of(request)
    await services.audit.record(session.who, "list mandates")
    delivered = await services.mandates.list_all()
    devices = await services.reader.list_devices()
    revoked = {
        each.statement.mandate_sha256
        for each in delivered
        if isinstance(each.statement, Revocation)
    }
    return answer_json(
        {
            "collector_utc_ms": services.clock.utc_ns() // 1_000_000,
            "authority": _authority(services.trusted),
            "statements": [_statement(each, devices, revoked) for each in delivered],
            "poles": [
                _pole(device, device.name in services.devices.connected)
                for device in devices
                if device.state != operator_pb2.DEVICE_STATE_REVOKED
            ],
        }
    )


async def deliver_mandate(request: Request, session: Session) -> Response:
    """Take a signed envelope and send it to the poles that it concerns."""
    fields = await read_fields(request, MAX_BODY_BYTES)
    sent = await services_of(request).mandates.deliver(fields.get("envelope", ""), session.who)
    return answer_json({"devices": sent})


def _authority(trusted: Trusted) -> Json | None:
    trust = trusted.trust
    if trust is None:
        return None
    return {
        "name": trust.authority,
        "threshold": trust.threshold,
        "signers": [key.name for key in trust.keys],
        "readers": [reader.name for reader in trust.readers],
        "fingerprint": trust.fingerprint,
    }


def _statement(each: Delivered, devices: list[DeviceRecord], revoked: set[str]) -> Json:
    shared: Json = {
        "version": each.statement.version,
        "authority": each.statement.authority,
        "signers": [key.name for key in each.signers],
        "delivered_utc_ms": each.delivered_utc_ms,
    }
    if isinstance(each.statement, Mandate):
        return shared | _mandate(each.statement, devices, revoked)
    return shared | {"kind": "revocation", "reason": each.statement.reason}


def _mandate(mandate: Mandate, devices: list[DeviceRecord], revoked: set[str]) -> Json:
    return {
        "kind": "mandate",
        "profile": mandate.profile.name,
        "mode": mandate.mode,
        "legal_basis": mandate.legal_basis,
        "purpose": mandate.purpose,
        "place": mandate.place,
        "devices": list(mandate.devices),
        "cameras": [_camera(camera) for camera in mandate.cameras],
        "windows": [window_record(window) for window in mandate.windows],
        "time_zone": mandate.time_zone,
        "begins_utc_ms": round(mandate.not_before.timestamp() * 1000),
        "ends_utc_ms": round(mandate.ends.timestamp() * 1000),
        "ring_days": mandate.ring_days,
        "clip_requesters": list(mandate.clip_requesters),
        "is_revoked": mandate.sha256 in revoked,
        "in_force_at": [
            device.name
            for device in devices
            if device.name in mandate.devices and _version(device) == mandate.version
        ],
    }


def _camera(camera: MandateCamera) -> Json:
    places = [{"zone": place.zone, "functions": sorted(place.functions)} for place in camera.places]
    return {"camera": camera.camera, "zones": places}


def _pole(device: DeviceRecord, is_connected: bool) -> Json:
    health = device.health or session_pb2.Status()
    return {
        "name": device.name,
        "is_connected": is_connected,
        "has_health": device.health is not None,
        "health_utc_ms": device.health_utc_ms,
        "mandate_version": _version(device),
        "mandate_reason": health.mandate_reason,
        "clock_source": health.clock_source,
        "clock_error_ms": health.clock_error_ms if health.HasField("clock_error_ms") else None,
    }


def _version(device: DeviceRecord) -> int | None:
    health = device.health
    if health is None or not health.HasField("mandate_version"):
        return None
    return health.mandate_version
