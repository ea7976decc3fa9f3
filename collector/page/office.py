"""The register and the audit, for those who must answer for them."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.page.answers import answer_json
from collector.page.gate import services_of
from collector.page.numbers import read_number
from collector.page.rows import Json
from collector.register import Week

LINES = 200


async def read_register(request: Request, session: Session) -> Response:
    """A period's weeks and counts, and the key that signs exports."""
    registers = services_of(request).registers
    register = await registers.read(session.who, *_period(request))
    return answer_json(
        {
            "signals": len(register.signals),
            "interruptions": len(register.interruptions),
            "weeks": [_week_row(week) for week in register.weeks],
            "key_sha256": registers.key_sha256,
        }
    )


async def export_register(request: Request, session: Session) -> Response:
    """The signed archive."""
    from_utc_ms, to_utc_ms = _period(request)
    packed = await services_of(request).registers.export(session.who, from_utc_ms, to_utc_ms)
    name = f"vigie-register-{_day(from_utc_ms)}_{_day(to_utc_ms - 1)}.zip"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(packed, media_type="application/zip", headers=headers)


async def list_audit(request: Request, session: Session) -> Response:
    """Lines above a number, once this reading is one of them."""
    audit = services_of(request).audit
    after = read_number(request.query_params.get("after", "0"))
    await audit.record(session.who, "read audit", f"after {after}")
    lines = await audit.list_lines(after, LINES)
    return answer_json({"lines": [line.as_record() for line in lines]})


async def verify_audit(request: Request, session: Session) -> Response:
    """Walk the whole chain; a break is an error that names its line."""
    audit = services_of(request).audit
    await audit.record(session.who, "verify audit")
    lines, head = await audit.verify()
    return answer_json({"lines": lines, "head": head.hex()})


def _period(request: Request) -> tuple[int, int]:
    wanted = request.query_params
    return read_number(wanted.get("from", "0")), read_number(wanted.get("to", "0"))


def _day(utc_ms: int) -> str:
    return f"{datetime.fromtimestamp(utc_ms / 1000, UTC):%Y-%m-%d}"


def _week_row(week: Week) -> Json:
    return {
        "week": week.name,
        "signals": week.signals,
        "confirmed": week.confirmed,
        "rejected": week.rejected,
        "unsure": week.unsure,
        "unreviewed": week.unreviewed,
        "false_share": week.false_share,
    }
