"""The signals: the list, why one fired, and what a person says about it."""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.page.answers import answer_json, read_fields
from collector.page.gate import services_of
from collector.page.notices import notices_of
from collector.page.numbers import read_number
from collector.page.rows import VERDICTS, event_detail, event_row, is_signal, review_row
from collector.store import MAX_PAGE, EventQuery
from edge.errors import Kind, VigieError

LIST_INCIDENTS = 100


async def list_signals(request: Request, session: Session) -> Response:
    """The newest incidents' events, in order; `before` pages back by event number."""
    before = read_number(request.query_params.get("before", "0"))
    await services_of(request).audit.record(session.who, "list events", "", f"before {before}")
    reader = services_of(request).reader
    newest = await reader.newest_number()
    starts = await reader.list_events(
        EventQuery(after_number=before, limit=LIST_INCIDENTS, newest_first=True, starts_only=True)
    )
    oldest = starts[-1].number if starts else newest + 1
    later = await reader.list_events(
        EventQuery(after_number=before, limit=MAX_PAGE, newest_first=True)
    )
    events = {event.number: event for event in (*starts, *later) if event.number >= oldest}
    rows = [event_row(events[number]) for number in sorted(events) if is_signal(events[number])]
    next_before = oldest if len(starts) == LIST_INCIDENTS else None
    return answer_json({"events": rows, "newest_number": newest, "next_before": next_before})


async def read_signal(request: Request, session: Session) -> Response:
    """Why an event fired, with all reviews; the audit has it before anybody sees it."""
    number = read_number(request.path_params["number"])
    services = services_of(request)
    await services.audit.record(session.who, "read event", str(number))
    event = await services.reader.read_event(number)
    if event is None:
        raise VigieError(Kind.NOT_FOUND, f"there is no event {number}", hint="Reload the list.")
    incident = await services.reader.list_incident(number)
    reviews = await services.reader.list_reviews(number)
    detail = event_detail(event, request.query_params.get("lang", "en"))
    detail["life"] = [event_row(part) for part in incident]
    detail["reviews"] = [review_row(review) for review in reviews]
    return answer_json(detail)


async def review_signal(request: Request, session: Session) -> Response:
    """A verdict with an optional note; every page that is open hears of it."""
    number, row = await _review(request, session, of_calibration=False)
    notices_of(request).publish("review", {"number": number, "review": row})
    return answer_json({"number": number, "review": row})


async def review_calibration(request: Request, session: Session) -> Response:
    """A verdict on what a calibration saw; no operator's page hears of it."""
    number, row = await _review(request, session, of_calibration=True)
    return answer_json({"number": number, "review": row})


async def _review(
    request: Request, session: Session, *, of_calibration: bool
) -> tuple[int, dict[str, object]]:
    number = read_number(request.path_params["number"])
    fields = await read_fields(request)
    verdict = VERDICTS.get(fields.get("verdict", ""))
    if verdict is None:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{fields.get('verdict', '')}' is no verdict",
            hint=f"Say one of: {', '.join(VERDICTS)}.",
        )
    services = services_of(request)
    if await services.reader.read_event(number, of_calibration=of_calibration) is None:
        raise VigieError(Kind.NOT_FOUND, f"there is no event {number}", hint="Reload the list.")
    record = await services.reviews.review(number, verdict, fields.get("note", ""), session.who)
    return number, review_row(record)
