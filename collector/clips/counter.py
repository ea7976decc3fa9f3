"""What the control room's command line asks about clips."""

from collections.abc import AsyncIterator

from collector.calls import Context, asked_by
from collector.clips.asker import Asker, Wish
from collector.clips.desk import ClipDesk
from collector.clips.record import ClipRecord
from collector.peer import Peer
from collector.rights import Role
from collector.store import Reader
from edge.errors import Kind, VigieError
from edge.wire.v1 import clip_pb2, clip_pb2_grpc, operator_pb2

DEFAULT_LIMIT, MAX_LIMIT = 100, 500


class ClipCounter(clip_pb2_grpc.ClipDeskServiceServicer):
    """ClipDeskService over mutual TLS."""

    def __init__(self, desk: ClipDesk, reader: Reader) -> None:
        self._desk = desk
        self._reader = reader

    async def AskClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.AskClipRequest, context: Context
    ) -> clip_pb2.AskClipResponse:
        """Ask for a clip or a still."""
        async with asked_by(context, request) as peer:
            event = await self._find_event(request)
            wish = Wish(
                device=request.device,
                camera=request.camera,
                from_utc_ms=request.from_utc_ms,
                to_utc_ms=request.to_utc_ms,
                reason=request.reason,
                case=request.case,
                event=event,
                is_still=request.is_still,
            )
            kept = await self._desk.ask(_asker(peer), wish)
            return clip_pb2.AskClipResponse(clip=self._message(kept))

    async def ApproveClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.ApproveClipRequest, context: Context
    ) -> clip_pb2.ApproveClipResponse:
        """Agree as the second person."""
        async with asked_by(context, request) as peer:
            kept = await self._desk.approve(_asker(peer, Role.SUPERVISOR), request.clip)
            return clip_pb2.ApproveClipResponse(clip=self._message(kept))

    async def ListClips(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.ListClipsRequest, context: Context
    ) -> clip_pb2.ListClipsResponse:
        """Clips of a case, or one with its manifest."""
        async with asked_by(context, request) as peer:
            if request.clip:
                one = await self._desk.get(_asker(peer), request.clip)
                message = one.as_message(self._desk.get_stored_bytes(one.clip), has_manifest=True)
                return clip_pb2.ListClipsResponse(clips=[message])
            limit = min(request.limit or DEFAULT_LIMIT, MAX_LIMIT)
            found = await self._desk.list_clips(_asker(peer), request.case, limit)
            return clip_pb2.ListClipsResponse(clips=[self._message(each) for each in found])

    async def FetchClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.FetchClipRequest, context: Context
    ) -> AsyncIterator[clip_pb2.FetchClipResponse]:
        """The sealed file, from a byte on."""
        async with asked_by(context, request) as peer:
            chunks = await self._desk.open(_asker(peer), request.clip, request.offset_bytes)
            for chunk in chunks:
                yield clip_pb2.FetchClipResponse(sealed=chunk)

    async def HoldClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.HoldClipRequest, context: Context
    ) -> clip_pb2.HoldClipResponse:
        """Keep a copy with a clock of its own."""
        async with asked_by(context, request) as peer:
            kept = await self._desk.hold(
                _asker(peer, Role.SUPERVISOR), request.clip, request.reason, request.until_utc_ms
            )
            return clip_pb2.HoldClipResponse(clip=self._message(kept))

    def _message(self, record: ClipRecord) -> clip_pb2.Clip:
        return record.as_message(self._desk.get_stored_bytes(record.clip))

    async def _find_event(
        self, request: clip_pb2.AskClipRequest
    ) -> operator_pb2.StoredEvent | None:
        if not request.HasField("event_number"):
            return None
        event = await self._reader.read_event(request.event_number)
        if event is None:
            raise VigieError(
                Kind.NOT_FOUND,
                f"there is no event {request.event_number}",
                hint="Run 'vigie events list' to see the numbers.",
            )
        return event


def _asker(peer: Peer, role: Role = Role.OPERATOR) -> Asker:
    """Who asks, by the name in the certificate.

    Whoever holds an operator's certificate stands at the collector's own console: an operator,
    who may act as a supervisor there. Two persons still need two certificates.
    """
    return Asker(peer.who, role)
