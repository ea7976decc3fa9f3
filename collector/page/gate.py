"""Who is asking: the session behind the cookie, its role's rights, and proof that it is the page.

Every route that needs a session is a `Door`: the table in `app.py` says which right opens it and
whether the person must have been proven just now. A handler never asks about rights by itself.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.accounts import SESSION_MS, Session
from collector.page.answers import ProofNeededError, SignInNeededError
from collector.rights import Right, check_right
from collector.services import Services
from edge.errors import Kind, VigieError

COOKIE = "vigie_session"
CSRF_HEADER = "X-CSRF-Token"

SignedInHandler = Callable[[Request, Session], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """A route that only a session opens. right: None opens it to every role.

    needs_proof: the person must have given password or passkey within the last minutes.
    """

    path: str
    handler: SignedInHandler
    right: Right | None
    method: str = "GET"
    needs_proof: bool = False

    def as_route(self) -> Route:
        """The route with its checks in front."""
        return Route(self.path, self._answer, methods=[self.method])

    async def _answer(self, request: Request) -> Response:
        session = await find_session(request)
        if session is None:
            raise SignInNeededError
        if self.method != "GET":
            _check_csrf(request, session)
        if self.right is not None:
            check_right(session.role, self.right)
        if self.needs_proof:
            _check_proof(request, session)
        return await self.handler(request, session)


def services_of(request: Request) -> Services:
    """The collector behind this page."""
    return cast(Services, request.app.state.services)


def address_of(request: Request) -> str:
    """The caller's address, for limits; no header can change it."""
    return request.client.host if request.client else "unknown"


async def find_session(request: Request) -> Session | None:
    """The session behind the request's cookie, or None."""
    token = request.cookies.get(COOKIE)
    return await services_of(request).accounts.find_session(token) if token else None


def check_same_origin(request: Request) -> None:
    """Refuse a form or script of another site before there is a session to have a token.

    Raises VigieError(PERMISSION_DENIED).
    """
    origin = request.headers.get("origin")
    is_ours = origin is None or origin.partition("://")[2] == request.headers.get("host")
    is_json = request.headers.get("content-type", "").startswith("application/json")
    if not (is_ours and is_json):
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "the request did not come from this page",
            hint="Open the page by its own address and try again.",
        )


def set_session_cookie(request: Request, response: Response, session: Session) -> None:
    """Hand the session to the browser."""
    set_cookie(request, response, COOKIE, session.token, SESSION_MS // 1000)


def set_cookie(
    request: Request, response: Response, name: str, token: str, max_age_seconds: int
) -> None:
    """Give the browser a token: no script reads it, no other site sends it."""
    response.set_cookie(
        name,
        token,
        max_age=max_age_seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _check_csrf(request: Request, session: Session) -> None:
    if not session.has_csrf_token(request.headers.get(CSRF_HEADER, "")):
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "the request carries no proof that this page sent it",
            hint="Reload the page and try again.",
        )


def _check_proof(request: Request, session: Session) -> None:
    try:
        services_of(request).accounts.check_stepped_up(session)
    except VigieError as stale:
        raise ProofNeededError(stale.what, stale.hint or "") from stale
