"""What calibrations saw, for supervisor, authority and technician; for no operator's list."""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.calibration_report import write_report
from collector.calibrations import RuleSeen
from collector.page.answers import answer_json
from collector.page.gate import services_of
from collector.page.numbers import read_number
from collector.page.rows import Json, event_row, is_signal
from collector.store import MAX_PAGE, EventQuery
from edge.wire.names import function_name
from edge.wire.v1 import operator_pb2


async def list_calibration(request: Request, session: Session) -> Response:
    """Every rule that saw something while it was calibrated."""
    rules = await services_of(request).calibrations.list_rules(session.who)
    return answer_json({"rules": [_row(rule) for rule in rules]})


async def list_signals(request: Request, session: Session) -> Response:
    """The newest signals of calibrations; `before` pages back by event number."""
    services = services_of(request)
    before = read_number(request.query_params.get("before", "0"))
    await services.audit.record(session.who, "list calibration", "", f"before {before}")
    query = EventQuery(
        after_number=before,
        limit=MAX_PAGE,
        newest_first=True,
        starts_only=True,
        of_calibration=True,
    )
    events = await services.reader.list_events(query)
    return answer_json({"events": [event_row(each) for each in events if is_signal(each)]})


async def download_report(request: Request, session: Session) -> Response:
    """The report as a file of its own."""
    services = services_of(request)
    rules = await services.calibrations.list_rules(session.who)
    page = write_report(rules, services.clock.utc_ns() // 1_000_000)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="calibration-report.html"',
    }
    return Response(page, media_type="text/html", headers=headers)


async def delete_calibration(request: Request, session: Session) -> Response:
    """Delete what a pole's calibrations saw."""
    device = request.path_params["name"]
    deleted = await services_of(request).calibrations.delete(device, session.who)
    return answer_json({"deleted_events": deleted})


def _row(rule: RuleSeen) -> Json:
    counts = rule.count_verdicts()
    return {
        "device": rule.device,
        "camera": rule.camera,
        "rule": rule.rule,
        "function": function_name(rule.function),
        "signals": len(rule.signals),
        "rate_per_hour": rule.rate_per_hour,
        "confirmed": counts.get(operator_pb2.VERDICT_CONFIRMED, 0),
        "rejected": counts.get(operator_pb2.VERDICT_REJECTED, 0),
        "unsure": counts.get(operator_pb2.VERDICT_UNSURE, 0),
        "by_hour_utc": rule.count_by_hour(),
        "first_utc_ms": rule.signals[0].captured_utc_ms,
        "last_utc_ms": rule.signals[-1].captured_utc_ms,
    }
