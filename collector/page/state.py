"""How the poles are, how often rules were right, and what machines ask."""

import ipaddress

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from collector.accounts import Session
from collector.metrics import CONTENT_TYPE
from collector.page.answers import answer_json
from collector.page.gate import address_of, services_of
from collector.page.rows import device_row, precision_rows
from edge.errors import Kind, VigieError


async def list_devices(request: Request, _session: Session) -> Response:
    """All poles, with the collector's clock to judge how stale they are."""
    services = services_of(request)
    devices = await services.reader.list_devices()
    connected = services.devices.connected
    return answer_json(
        {
            "collector_utc_ms": services.clock.utc_ns() // 1_000_000,
            "devices": [device_row(device, connected) for device in devices],
        }
    )


async def list_precision(request: Request, _session: Session) -> Response:
    """Reviews counted by rule and camera."""
    counts = await services_of(request).reader.count_verdicts()
    return answer_json({"rules": precision_rows(counts)})


async def show_metrics(request: Request) -> Response:
    """Prometheus text, to this machine only: counts tell who is watched where."""
    if not _is_loopback(address_of(request)):
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "metrics are answered to this machine only",
            hint="Let Prometheus scrape 127.0.0.1, or put a proxy of your own before it.",
        )
    return Response(services_of(request).metrics.render(), media_type=CONTENT_TYPE)


async def show_health(_request: Request) -> Response:
    """`ok` as long as the process answers."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
