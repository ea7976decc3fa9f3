"""Accounts, for those who let people in and out."""

from starlette.requests import Request
from starlette.responses import Response

from collector.accounts import INVITATION_MS, INVITATION_PATH, Session
from collector.page.answers import answer_json, read_fields
from collector.page.gate import services_of
from collector.rights import Role
from edge.errors import Kind, VigieError


async def list_accounts(request: Request, session: Session) -> Response:
    """Every account, closed ones too."""
    rows = await services_of(request).accounts.list_all(session.who)
    accounts = [
        {
            "name": row.name,
            "role": row.role.value,
            "created_utc_ms": row.created_utc_ms,
            "is_active": row.is_active,
        }
        for row in rows
    ]
    return answer_json({"accounts": accounts, "roles": [role.value for role in Role]})


async def invite(request: Request, session: Session) -> Response:
    """A one-time link for a role. It is told once, here; the collector keeps only its hash."""
    fields = await read_fields(request)
    role = _role(fields.get("role", ""))
    services = services_of(request)
    token = await services.accounts.invite(session.who, role)
    expires_ms = services.clock.utc_ns() // 1_000_000 + INVITATION_MS
    return answer_json(
        {"path": f"{INVITATION_PATH}{token}", "role": role.value, "expires_utc_ms": expires_ms}
    )


async def close(request: Request, session: Session) -> Response:
    """Shut an account; whoever uses it is out."""
    name = request.path_params["name"]
    await services_of(request).accounts.close(name, session.who)
    return answer_json({"name": name})


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{word}' is no role",
            hint=f"Say one of: {', '.join(role.value for role in Role)}.",
        ) from None
