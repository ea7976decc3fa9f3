"""What the control room's command line asks; every read is audited before it takes effect."""

from collections.abc import AsyncIterator

from collector.calls import Context, asked_by
from collector.live import Subscription
from collector.mandates import mandate_message
from collector.services import Services
from collector.store import DeviceRecord, EventQuery, review_message
from edge.errors import Kind, VigieError
from edge.wire.v1 import operator_pb2 as op
from edge.wire.v1 import operator_pb2_grpc

DEFAULT_LIMIT = 100
# guarantees.md section 3, fact 11: a message stays below 256 KiB; a page is cut, not the limit.
MAX_PAGE_BYTES = 192 * 1024
FOLLOW_EVENTS = 200


class Operators(operator_pb2_grpc.OperatorServiceServicer):
    """OperatorService over mutual TLS."""

    def __init__(self, services: Services) -> None:
        self._reader = services.reader
        self._reviews = services.reviews
        self._audit = services.audit
        self._devices = services.devices
        self._live = services.live
        self._trusted = services.trusted
        self._mandates = services.mandates
        self._passkeys = services.passkeys

    async def ListEvents(  # noqa: N802 - gRPC's name
        self, request: op.ListEventsRequest, context: Context
    ) -> op.ListEventsResponse:
        """One page of events; shorter than asked for where it would grow too large."""
        async with asked_by(context, request) as peer:
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
        async with asked_by(context, request) as peer:
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
        async with asked_by(context, request) as peer:
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
        async with asked_by(context, request) as peer:
            record = await self._reviews.review(
                request.number, request.verdict, request.note, peer.who
            )
            return op.ReviewEventResponse(review=review_message(record))

    async def ListDevices(  # noqa: N802 - gRPC's name
        self, request: op.ListDevicesRequest, context: Context
    ) -> op.ListDevicesResponse:
        """All devices with what they last said."""
        async with asked_by(context, request) as peer:
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
        async with asked_by(context, request) as peer:
            token, expires_ms = await self._devices.invite(
                request.device, request.valid_seconds, peer.who
            )
            return op.InviteDeviceResponse(token=token, expires_utc_ms=expires_ms)

    async def RevokeDevice(  # noqa: N802 - gRPC's name
        self, request: op.RevokeDeviceRequest, context: Context
    ) -> op.RevokeDeviceResponse:
        """Refuse a device from now on and end its stream."""
        async with asked_by(context, request) as peer:
            ended = await self._devices.revoke(request.device, request.reason, peer.who)
            return op.RevokeDeviceResponse(ended_streams=ended)

    async def TakeTrust(  # noqa: N802 - gRPC's name
        self, request: op.TakeTrustRequest, context: Context
    ) -> op.TakeTrustResponse:
        """Keep the authority's trust file."""
        async with asked_by(context, request) as peer:
            trust = self._trusted.check(request.trust)
            await self._audit.record(peer.who, "take trust", trust.authority, trust.fingerprint)
            self._trusted.take(request.trust)
            return op.TakeTrustResponse(fingerprint=trust.fingerprint)

    async def DeliverMandate(  # noqa: N802 - gRPC's name
        self, request: op.DeliverMandateRequest, context: Context
    ) -> op.DeliverMandateResponse:
        """Keep a signed mandate or revocation and send it to its poles."""
        async with asked_by(context, request) as peer:
            devices = await self._mandates.deliver(request.envelope, peer.who)
            return op.DeliverMandateResponse(devices=[op.Name(name=each) for each in devices])

    async def ListMandates(  # noqa: N802 - gRPC's name
        self, request: op.ListMandatesRequest, context: Context
    ) -> op.ListMandatesResponse:
        """All mandates and revocations, and where each is in force."""
        async with asked_by(context, request) as peer:
            await self._audit.record(peer.who, "list mandates")
            devices = await self._reader.list_devices()
            return op.ListMandatesResponse(
                mandates=[
                    mandate_message(each, devices) for each in await self._mandates.list_all()
                ]
            )

    async def ListPasskeys(  # noqa: N802 - gRPC's name
        self, request: op.ListPasskeysRequest, context: Context
    ) -> op.ListPasskeysResponse:
        """One account's passkeys with their last use."""
        async with asked_by(context, request) as peer:
            rows = await self._passkeys.list_of(request.account, peer.who)
            return op.ListPasskeysResponse(passkeys=[op.Passkey(**row._asdict()) for row in rows])

    async def RemovePasskey(  # noqa: N802 - gRPC's name
        self, request: op.RemovePasskeyRequest, context: Context
    ) -> op.RemovePasskeyResponse:
        """Take away a passkey that is lost."""
        async with asked_by(context, request) as peer:
            await self._passkeys.remove(request.account, request.name, peer.who)
            return op.RemovePasskeyResponse()

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
