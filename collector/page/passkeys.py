"""Passkeys over HTTP: adding, listing and removing one's own; coming in; proving to be there.

A browser's answer travels as JSON text in the field `answer`; the collector's question as it is
given to `navigator.credentials`.
"""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.accounts.challenges import CHALLENGE_SECONDS
from collector.page.answers import answer_json, read_fields
from collector.page.entry import answer_session
from collector.page.gate import (
    address_of,
    check_same_origin,
    services_of,
    set_cookie,
    set_session_cookie,
)

TICKET_COOKIE = "vigie_ticket"


async def list_passkeys(request: Request, session: Session) -> Response:
    """The account's own passkeys."""
    passkeys = services_of(request).passkeys
    rows = await passkeys.list_of(session.account, session.who)
    return answer_json({
        "are_possible": passkeys.are_possible,
        "passkeys": [row._asdict() for row in rows],
    })  # fmt: skip


async def begin_registration(request: Request, session: Session) -> Response:
    """What the browser is to ask a new passkey."""
    return answer_json(
        {"question": await services_of(request).passkeys.begin_registration(session)}
    )


async def register(request: Request, session: Session) -> Response:
    """Keep a new passkey under a name."""
    fields = await read_fields(request)
    name = fields.get("name", "").strip()
    await services_of(request).passkeys.register(session, name, fields.get("answer", ""))
    return answer_json({"name": name})


async def remove(request: Request, session: Session) -> Response:
    """One of the account's own passkeys opens nothing any more."""
    fields = await read_fields(request)
    name = fields.get("name", "")
    await services_of(request).passkeys.remove(session.account, name, session.who, kept=session)
    return answer_json({"name": name})


async def begin_login(request: Request) -> Response:
    """What the browser is to ask any passkey of this page, and a cookie that binds the answer."""
    check_same_origin(request)
    ticket, question = services_of(request).passkeys.begin_login(address_of(request))
    response = answer_json({"question": question})
    set_cookie(request, response, TICKET_COOKIE, ticket, CHALLENGE_SECONDS)
    return response


async def log_in(request: Request) -> Response:
    """Sign in by a passkey; it says by itself whose it is."""
    check_same_origin(request)
    fields = await read_fields(request)
    session = await services_of(request).passkeys.log_in(
        request.cookies.get(TICKET_COOKIE, ""), fields.get("answer", ""), address_of(request)
    )
    response = await answer_session(request, session)
    set_session_cookie(request, response, session)
    return response


async def begin_step_up(request: Request, session: Session) -> Response:
    """What the browser is to ask one of the account's passkeys."""
    return answer_json({"question": await services_of(request).passkeys.begin_step_up(session)})


async def step_up(request: Request, session: Session) -> Response:
    """Prove by passkey that the session's person is still there."""
    fields = await read_fields(request)
    proven = await services_of(request).passkeys.step_up(
        session, fields.get("answer", ""), address_of(request)
    )
    return await answer_session(request, proven)
