"""What a route answers: JSON that says one thing, and errors as every room words them."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.errors import Kind, VigieError
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

HTTP_STATUS: dict[Kind, int] = {
    Kind.INVALID_ARGUMENT: 400,
    Kind.PERMISSION_DENIED: 403,
    Kind.NOT_FOUND: 404,
    Kind.FAILED_PRECONDITION: 409,
    Kind.RESOURCE_EXHAUSTED: 429,
    Kind.INTERNAL: 500,
    Kind.DATA_LOSS: 500,
    Kind.UNAVAILABLE: 503,
}
MAX_BODY_BYTES = 16_384  # a note is at most 1,024 bytes; nothing else is longer


class SignInNeededError(VigieError):
    """The session is missing or has ended."""

    def __init__(self) -> None:
        super().__init__(
            Kind.PERMISSION_DENIED, "you are not signed in", hint="Sign in and try again."
        )


class ProofNeededError(VigieError):
    """The session is good, but its person must prove again to be there."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(Kind.FAILED_PRECONDITION, what, hint=hint)


def answer_json(content: Mapping[str, object], status: int = 200) -> Response:
    """A JSON answer that no cache keeps."""
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})


async def answer_error(_request: Request, error: Exception) -> Response:
    """A VigieError as JSON with its kind, its sentence and its remedy."""
    if not isinstance(error, VigieError):
        raise error
    status = 401 if isinstance(error, SignInNeededError) else HTTP_STATUS[error.kind]
    body: dict[str, object] = {"kind": error.kind.value, "what": error.what, "hint": error.hint}
    if isinstance(error, ProofNeededError):
        body["needs_proof"] = True
    return answer_json({"error": body}, status)


async def read_fields(request: Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, str]:
    """The text fields of a JSON object in the request's body.

    Raises VigieError(INVALID_ARGUMENT) for anything else, or more than max_bytes.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _bad_body(f"the request is over {max_bytes} bytes")
    return _parse(bytes(body), max_bytes)


def _parse(body: bytes, max_bytes: int) -> dict[str, str]:
    try:
        found = parse_object(body, what="the request", max_bytes=max_bytes, refusal=ProblemsError)
    except ProblemsError as wrong:
        raise _bad_body(wrong.what) from wrong
    fields = {name: value for name, value in found.items() if isinstance(value, str)}
    if len(fields) != len(found):
        raise _bad_body("the request holds something other than text")
    if any(0xD800 <= ord(sign) < 0xE000 for value in fields.values() for sign in value):
        raise _bad_body("the request holds halves of signs")
    return fields


def _bad_body(what: str) -> VigieError:
    return VigieError(Kind.INVALID_ARGUMENT, what, hint="Reload the page and try again.")
