"""Coming and going: the one-time link, signing in and out, and who I am."""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import Session
from collector.page.answers import answer_json, read_fields
from collector.page.gate import (
    COOKIE,
    address_of,
    check_same_origin,
    find_session,
    services_of,
    set_session_cookie,
)
from collector.rights import RIGHTS


async def who_am_i(request: Request) -> Response:
    """The account and its CSRF token; null when nobody is signed in."""
    session = await find_session(request)
    if session is None:
        services = services_of(request)
        return answer_json(
            {
                "account": None,
                "csrf_token": None,
                "has_accounts": await services.accounts.has_any(),
                "passkeys": 0 if services.passkeys.are_possible else None,
            }
        )
    return await answer_session(request, session)


async def welcome(request: Request) -> Response:
    """Make an account with a one-time link's token, and sign in."""
    check_same_origin(request)
    fields = await read_fields(request)
    session = await services_of(request).accounts.accept(
        fields.get("token", ""),
        fields.get("name", ""),
        fields.get("password", ""),
        address_of(request),
    )
    response = await answer_session(request, session)
    set_session_cookie(request, response, session)
    return response


async def log_in(request: Request) -> Response:
    """Sign in by name and password."""
    check_same_origin(request)
    fields = await read_fields(request)
    session = await services_of(request).accounts.log_in(
        fields.get("name", ""), fields.get("password", ""), address_of(request)
    )
    response = await answer_session(request, session)
    set_session_cookie(request, response, session)
    return response


async def log_out(request: Request, session: Session) -> Response:
    """End the session here and in the store."""
    await services_of(request).accounts.log_out(session)
    response = answer_json({"account": None})
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


async def step_up(request: Request, session: Session) -> Response:
    """Prove by password that the session's person is still there."""
    fields = await read_fields(request)
    proven = await services_of(request).accounts.step_up(
        session, fields.get("password", ""), address_of(request)
    )
    return await answer_session(request, proven)


async def answer_session(request: Request, session: Session) -> Response:
    """Who is signed in, and what they may. passkeys: how many; null where there can be none."""
    passkeys = services_of(request).passkeys
    return answer_json(
        {
            "account": session.account,
            "role": session.role.value,
            "rights": sorted(right.name.lower() for right in RIGHTS[session.role]),
            "csrf_token": session.csrf_token,
            "passkeys": await passkeys.count(session.account) if passkeys.are_possible else None,
        }
    )
