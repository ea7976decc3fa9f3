"""What the control room's command line asks; every read is audited before it takes effect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from google.protobuf.message import Message

from collector.audit import Audit
from collector.devices import Devices
from collector.live import Live, Subscription
from collector.peer import (
    OPERATOR,
    STATUS,
    Peer,
    authorise,
    certificate_of,
    one_line,
    refuse_oversized,
)
from collector.review import Reviews
from collector.store import DeviceRecord, EventQuery, Reader, review_message
from edge.errors import Kind, VigieError
from edge.wire.v1 import operator_pb2 as op
from edge.wire.v1 import operator_pb2_grpc

DEFAULT_LIMIT = 100
# guarantees.md section 3, fact 11: a message stays below 256 KiB; a page is cut, not the limit.
MAX_PAGE_BYTES = 192 * 1024
FOLLOW_EVENTS = 200

# gRPC gives each method a context of its own request and response; authorising needs neither.
Context = grpc.aio.ServicerContext[Message, Message]


class Operators(operator_pb2_grpc.OperatorServiceServicer):
    """OperatorService over mutual TLS."""

    def __init__(
        self, reader: Reader, reviews: Reviews, audit: Audit, devices: Devices, live: Live
    ) -> None:
        self._reader = reader
        self._reviews = reviews
        self._audit = audit
        self._devices = devices
        self._live = live

    async def ListEvents(  # noqa: N802 - gRPC's name
        self, request: op.ListEventsRequest, context: Context
    ) -> op.ListEventsResponse:
        """One page of events; shorter than asked for where it would grow too large."""
        async with _asked_by(context, request) as peer:
            query = EventQuery(
                after_number=request.after_number,
                limit=request.limit or DEFAULT_LIMIT,
                device=request.device,
                function=request.function,
                newest_first=request.newest_first,
            )
            wanted = f"after {query.after_number}, {query.limit}"
            await self._audit.record(peer.who, "list events", request.device, wanted)
            return _page(await self._reader.list_events(query))

    async def TailEvents(  # noqa: N802 - gRPC's name
        self, request: op.TailEventsRequest, context: Context
    ) -> AsyncIterator[op.TailEventsResponse]:
        """Stored events from a number on, until the caller hangs up."""
        async with _asked_by(context, request) as peer:
            with self._live.watch() as subscription:
                newest = await self._reader.newest_number()
                after = request.after_number if request.HasField("after_number") else newest
                await self._audit.record(peer.who, "tail events", "", f"after {after}")
                await context.send_initial_metadata(())
                async for event in self._follow(subscription, after):
                    yield op.TailEventsResponse(event=event)

    async def GetEvent(  # noqa: N802 - gRPC's name
        self, request: op.GetEventRequest, context: Context
    ) -> op.GetEventResponse:
        """One event with all its reviews."""
        async with _asked_by(context, request) as peer:
            await self._audit.record(peer.who, "read event", str(request.number))
            event = await self._reader.read_event(request.number)
            if event is None:
                raise VigieError(
                    Kind.NOT_FOUND,
                    f"there is no event {request.number}",
                    hint="Run 'vigie events list' to see the numbers.",
                )
            reviews = await self._reader.list_reviews(request.number)
            return op.GetEventResponse(event=event, reviews=map(review_message, reviews))

    async def ReviewEvent(  # noqa: N802 - gRPC's name
        self, request: op.ReviewEventRequest, context: Context
    ) -> op.ReviewEventResponse:
        """Record a verdict."""
        async with _asked_by(context, request) as peer:
            record = await self._reviews.review(
                request.number, request.verdict, request.note, peer.who
            )
            return op.ReviewEventResponse(review=review_message(record))

    async def ListDevices(  # noqa: N802 - gRPC's name
        self, request: op.ListDevicesRequest, context: Context
    ) -> op.ListDevicesResponse:
        """All devices with what they last said."""
        async with _asked_by(context, request) as peer:
            await self._audit.record(peer.who, "list devices")
            records = await self._reader.list_devices()
            connected = self._devices.connected
            return op.ListDevicesResponse(
                devices=[_device_message(each, each.name in connected) for each in records]
            )

    async def InviteDevice(  # noqa: N802 - gRPC's name
        self, request: op.InviteDeviceRequest, context: Context
    ) -> op.InviteDeviceResponse:
        """Make a one-time enrolment token."""
        async with _asked_by(context, request) as peer:
            token, expires_ms = await self._devices.invite(
                request.device, request.valid_seconds, peer.who
            )
            return op.InviteDeviceResponse(token=token, expires_utc_ms=expires_ms)

    async def RevokeDevice(  # noqa: N802 - gRPC's name
        self, request: op.RevokeDeviceRequest, context: Context
    ) -> op.RevokeDeviceResponse:
        """Refuse a device from now on and end its stream."""
        async with _asked_by(context, request) as peer:
            ended = await self._devices.revoke(request.device, request.reason, peer.who)
            return op.RevokeDeviceResponse(ended_streams=ended)

    async def _follow(
        self, subscription: Subscription, after: int
    ) -> AsyncIterator[op.StoredEvent]:
        """Events above a number without end; numbers say when to read, the store says what."""
        while True:
            page = await self._reader.list_events(EventQuery(after, FOLLOW_EVENTS))
            for event in page:
                yield event
                after = event.number
            if len(page) < FOLLOW_EVENTS:
                await subscription.wait_beyond(after)


@asynccontextmanager
async def _asked_by(context: Context, request: Message) -> AsyncIterator[Peer]:
    """The operator who asks; whatever is refused inside becomes the call's status."""
    try:
        peer = authorise(certificate_of(context.auth_context()), OPERATOR)
        refuse_oversized(request)
        yield peer
    except VigieError as refused:
        await context.abort(STATUS[refused.kind], one_line(refused))


def _page(events: list[op.StoredEvent]) -> op.ListEventsResponse:
    response = op.ListEventsResponse()
    size_bytes = 0
    for event in events:
        size_bytes += event.ByteSize()
        if size_bytes > MAX_PAGE_BYTES:
            break
        response.events.append(event)
    return response


def _device_message(record: DeviceRecord, is_connected: bool) -> op.Device:
    return op.Device(
        name=record.name,
        state=record.state,
        last_seen_utc_ms=record.last_seen_utc_ms,
        is_connected=is_connected,
        stored_events=record.stored_events,
        certificate_expires_utc_ms=record.certificate_expires_utc_ms,
        status=record.health,
        software=record.software,
    )
