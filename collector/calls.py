"""Calls of operators: who asks is proven, what is asked has bounds, a refusal is a status."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from google.protobuf.message import Message

from collector.peer import (
    OPERATOR,
    STATUS,
    Peer,
    authorise,
    certificate_of,
    one_line,
    refuse_oversized,
)
from edge.errors import VigieError

# gRPC gives each method a context of its own request and response; authorising needs neither.
Context = grpc.aio.ServicerContext[Message, Message]


@asynccontextmanager
async def asked_by(context: Context, request: Message) -> AsyncIterator[Peer]:
    """The operator who asks; whatever is refused inside becomes the call's status."""
    try:
        peer = authorise(certificate_of(context.auth_context()), OPERATOR)
        refuse_oversized(request)
        yield peer
    except VigieError as refused:
        await context.abort(STATUS[refused.kind], one_line(refused))
