"""The live feed: server-sent events to one open page, with a heartbeat that can be missed."""

import asyncio
import json
from collections.abc import AsyncIterator

from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from collector.accounts import Session
from collector.live import Subscription
from collector.page.gate import services_of
from collector.page.notices import Notice, notices_of, offer
from collector.page.rows import event_row, is_signal
from collector.rights import Right, has_right
from collector.services import Services

HEARTBEAT_SECONDS = 3.0  # the page calls itself stale after three missed
SESSION_CHECK_BEATS = 5  # a session that ended elsewhere ends its feed within 15 s


async def feed(request: Request, session: Session) -> Response:
    """New events, verdicts and heartbeats for as long as the session holds."""
    # Not the library's own response: that keeps a watcher in module state, and we beat ourselves.
    sees_signals = has_right(session.role, Right.SEE_SIGNALS)
    if sees_signals:
        await services_of(request).audit.record(session.who, "follow events")
    return StreamingResponse(
        _messages(request, session) if sees_signals else _heartbeats(request, session),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _messages(request: Request, session: Session) -> AsyncIterator[bytes]:
    services = services_of(request)
    with notices_of(request).watch() as queue, services.live.watch() as subscription:
        # The list is read after the watch has begun, so that nothing falls between the two.
        offer(queue, Notice("reload", {}))
        pump = asyncio.create_task(_pump(services, subscription, queue))
        try:
            async for notice in _beat(services, session, queue):
                yield _encode(notice)
        finally:
            pump.cancel()


async def _heartbeats(request: Request, session: Session) -> AsyncIterator[bytes]:
    """The feed of those who may not see signals: it says only that the collector is there."""
    async for notice in _beat(services_of(request), session, asyncio.Queue()):
        yield _encode(notice)


def _encode(notice: Notice) -> bytes:
    return ServerSentEvent(json.dumps(notice.content), event=notice.kind).encode()


async def _pump(
    services: Services, subscription: Subscription, queue: asyncio.Queue[Notice]
) -> None:
    """Stored events into the page's queue; what was missed is fetched again by the page."""
    async for number in subscription.numbers():
        if number is None:
            offer(queue, Notice("reload", {}))
            continue
        # None: a calibration saw it, so it is for no operator's list.
        event = await services.reader.read_event(number)
        if event is not None and is_signal(event):
            offer(queue, Notice("event", event_row(event)))


async def _beat(
    services: Services, session: Session, queue: asyncio.Queue[Notice]
) -> AsyncIterator[Notice]:
    """Notices in order, a heartbeat every HEARTBEAT_SECONDS, until the session ends."""
    clock, beats = asyncio.get_running_loop().time, 0
    while beats % SESSION_CHECK_BEATS or await _is_valid(services, session):
        yield Notice("heartbeat", {"collector_utc_ms": services.clock.utc_ns() // 1_000_000})
        beats += 1
        next_beat = clock() + HEARTBEAT_SECONDS
        while (wait_seconds := next_beat - clock()) > 0:
            try:
                yield await asyncio.wait_for(queue.get(), wait_seconds)
            except TimeoutError:
                break
    yield Notice("goodbye", {})


async def _is_valid(services: Services, session: Session) -> bool:
    return await services.accounts.find_session(session.token) is not None
