"""Clips as they arrive from poles: announced, carried in chunks, checked, and only then ready.

A pole may send only what was asked of it. What arrives is compared with the announcement (length
and hash), the announcement with the request that was signed here (its hash stands in the
manifest), and the manifest with the evidence key the pole showed when it enrolled.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator

import grpc
from google.protobuf.message import Message

from collector import registry
from collector.audit import Act, append
from collector.clips import record as rows
from collector.clips.limits import DAY_MS, Limits
from collector.clips.record import ClipRecord
from collector.clips.shelf import Shelf
from collector.devices import Devices
from collector.peer import (
    DEVICE,
    STATUS,
    Peer,
    authorise,
    certificate_of,
    one_line,
    refuse_oversized,
)
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.evidence.device_keys import DeviceKey
from edge.evidence.manifest import Manifest, verify_manifest
from edge.evidence.request import get_fingerprint
from edge.wire.v1 import clip_pb2, clip_pb2_grpc

BENCH_PROFILE = "bench"
MAX_SEALED_BYTES = 8 << 30  # half an hour of the fastest camera there is, and some
Context = grpc.aio.ServicerContext[Message, Message]
_COMING = (
    clip_pb2.CLIP_STATE_REQUESTED,
    clip_pb2.CLIP_STATE_CUTTING,
    clip_pb2.CLIP_STATE_UPLOADING,
)
_REPORTED = (
    clip_pb2.CLIP_STATE_CUTTING,
    clip_pb2.CLIP_STATE_REFUSED,
    clip_pb2.CLIP_STATE_FAILED,
)
_log = logging.getLogger("vigie.collector")


class Arrivals(clip_pb2_grpc.ClipServiceServicer):
    """ClipService over mutual TLS; the device is the certificate's."""

    def __init__(
        self, writer: Writer, shelf: Shelf, devices: Devices, clock: Clock, limits: Limits
    ) -> None:
        self._writer = writer
        self._shelf = shelf
        self._devices = devices
        self._clock = clock
        self._limits = limits

    async def OfferClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.OfferClipRequest, context: Context
    ) -> clip_pb2.OfferClipResponse:
        """Take an announcement; how much is here already."""
        try:
            peer = self._authorise(context, request)
            stored_bytes = await self._take_offer(peer, request)
        except VigieError as refused:
            _log.warning("clip_not_taken peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))
        return clip_pb2.OfferClipResponse(stored_bytes=stored_bytes)

    async def UploadClip(  # noqa: N802 - gRPC's name
        self, requests: AsyncIterator[clip_pb2.UploadClipRequest], context: Context
    ) -> AsyncIterator[clip_pb2.UploadClipResponse]:
        """Take chunks until they end; after each, how much is here."""
        try:
            peer = authorise(certificate_of(context.auth_context()), DEVICE)
            coming: ClipRecord | None = None
            async for request in requests:
                self._devices.check_not_revoked(peer.name, peer.serial)
                refuse_oversized(request)
                if coming is None or coming.clip != request.clip:
                    coming = await self._find_coming(peer, request.clip)
                stored_bytes = await self._store(coming, request)
                yield clip_pb2.UploadClipResponse(stored_bytes=stored_bytes)
        except VigieError as refused:
            _log.warning("clip_not_taken peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))

    async def ReportClip(  # noqa: N802 - gRPC's name
        self, request: clip_pb2.ReportClipRequest, context: Context
    ) -> clip_pb2.ReportClipResponse:
        """Write down how a request stands."""
        try:
            peer = self._authorise(context, request)
            await self._take_report(peer, request)
        except VigieError as refused:
            _log.warning("clip_not_taken peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))
        return clip_pb2.ReportClipResponse()

    def _authorise(self, context: Context, request: Message) -> Peer:
        peer = authorise(certificate_of(context.auth_context()), DEVICE)
        self._devices.check_not_revoked(peer.name, peer.serial)
        refuse_oversized(request)
        return peer

    async def _take_offer(self, peer: Peer, offer: clip_pb2.OfferClipRequest) -> int:
        asked, keys = await self._writer.submit(
            lambda connection: (
                _find_of(connection, peer, offer.clip),
                _read_keys(connection, peer.name),
            )
        )
        if asked.state == clip_pb2.CLIP_STATE_READY:
            return asked.sealed_bytes
        _check_state(asked, _COMING)
        manifest, _ = verify_manifest(offer.manifest.encode(), keys)
        _check_offer(asked, offer, manifest)
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            if asked.sealed_blake3 not in (b"", offer.sealed_blake3):
                self._shelf.remove(asked.clip)
            rows.change(
                connection,
                asked.clip,
                now_ms,
                state=clip_pb2.CLIP_STATE_UPLOADING,
                message="",
                sealed_bytes=offer.sealed_bytes,
                sealed_blake3=offer.sealed_blake3,
                manifest=offer.manifest,
                is_bench=manifest.mandate.profile == BENCH_PROFILE,
            )

        await self._writer.submit(write)
        stored_bytes = await asyncio.to_thread(self._shelf.get_stored_bytes, asked.clip)
        if stored_bytes < offer.sealed_bytes:
            return stored_bytes
        return await self._take_up(await self._find_coming(peer, offer.clip))

    async def _find_coming(self, peer: Peer, clip: str) -> ClipRecord:
        coming = await self._writer.submit(lambda connection: _find_of(connection, peer, clip))
        _check_state(coming, (clip_pb2.CLIP_STATE_UPLOADING,))
        return coming

    async def _store(self, coming: ClipRecord, request: clip_pb2.UploadClipRequest) -> int:
        end = request.offset_bytes + len(request.sealed)
        if end > coming.sealed_bytes:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"clip {coming.clip}: a chunk ends at byte {end}, {coming.sealed_bytes} were "
                "announced",
            )
        stored_bytes = await asyncio.to_thread(
            self._shelf.append, coming.clip, request.offset_bytes, request.sealed
        )
        if stored_bytes == coming.sealed_bytes:
            await self._complete(coming)
        return stored_bytes

    async def _take_up(self, coming: ClipRecord) -> int:
        """All bytes are here and nobody checked them: the collector was cut off before it could.

        A pole that heard "all of it" now would let go of the clip.
        """
        try:
            await self._complete(coming)
        except VigieError as wrong:
            if wrong.kind is not Kind.DATA_LOSS:
                raise
            return 0
        return coming.sealed_bytes

    async def _complete(self, coming: ClipRecord) -> None:
        """Check, sync and name what is all here; then people may have it."""
        if not self._shelf.is_whole(coming.clip):
            await asyncio.to_thread(self._shelf.finish, coming.clip, coming.sealed_blake3)
        await self._make_ready(coming)

    async def _make_ready(self, complete: ClipRecord) -> None:
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            detail = f"{complete.sealed_bytes} bytes, blake3 {complete.sealed_blake3.hex()}"
            append(
                connection,
                now_ms,
                Act(f"device:{complete.device}", "deliver clip", complete.clip, detail),
            )
            rows.change(
                connection,
                complete.clip,
                now_ms,
                state=clip_pb2.CLIP_STATE_READY,
                message="",
                expires_utc_ms=now_ms + self._limits.clip_days * DAY_MS,
            )

        await self._writer.submit(write)
        _log.info("clip_ready clip=%s bytes=%d", complete.clip, complete.sealed_bytes)

    async def _take_report(self, peer: Peer, report: clip_pb2.ReportClipRequest) -> None:
        if report.state not in _REPORTED:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"device {peer.name} reported clip {report.clip} in a state that is not its to say",
            )
        now_ms = self._now_ms()

        def write(connection: sqlite3.Connection) -> None:
            asked = _find_of(connection, peer, report.clip)
            if asked.state not in _COMING:
                return  # said twice, or too late to matter
            word = clip_pb2.ClipState.Name(report.state).removeprefix("CLIP_STATE_").lower()
            act = Act(f"device:{peer.name}", "report clip", report.clip, f"{word} {report.message}")
            append(connection, now_ms, act)
            rows.change(connection, report.clip, now_ms, state=report.state, message=report.message)

        await self._writer.submit(write)

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // 1_000_000


def _find_of(connection: sqlite3.Connection, peer: Peer, clip: str) -> ClipRecord:
    """A clip that was asked of this device; another's is not told apart from none."""
    found = rows.find(connection, clip)
    if found.device != peer.name:
        raise VigieError(Kind.NOT_FOUND, f"there is no clip {clip} of device {peer.name}")
    return found


def _read_keys(connection: sqlite3.Connection, device: str) -> list[DeviceKey]:
    keys = registry.list_evidence_keys(connection, device)
    if not keys:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"device {device} has shown no evidence key",
            hint=f"Enrol it again: 'vigie device invite {device}'.",
        )
    return keys


def _check_state(found: ClipRecord, wanted: tuple[int, ...]) -> None:
    if found.state not in wanted:
        word = clip_pb2.ClipState.Name(found.state).removeprefix("CLIP_STATE_").lower()
        raise VigieError(
            Kind.FAILED_PRECONDITION, f"clip {found.clip} is {word} here and is not awaited"
        )


def _check_offer(asked: ClipRecord, offer: clip_pb2.OfferClipRequest, manifest: Manifest) -> None:
    """The manifest is about the request that was signed here, and about this file."""
    problem = ""
    if manifest.request_sha256.hex() != get_fingerprint(asked.envelope):
        problem = "its manifest answers another request"
    elif manifest.sealed_blake3 != offer.sealed_blake3:
        problem = "its manifest names another sealed file"
    elif manifest.sealed_bytes != offer.sealed_bytes:
        problem = "its manifest names another length"
    elif set(manifest.readers) != set(asked.readers):
        problem = "it is sealed to other readers than were asked for"
    elif offer.sealed_bytes > MAX_SEALED_BYTES:
        problem = f"it is longer than {MAX_SEALED_BYTES} bytes"
    if problem:
        raise VigieError(Kind.PERMISSION_DENIED, f"clip {asked.clip} is not taken: {problem}")
