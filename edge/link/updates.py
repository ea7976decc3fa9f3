"""Updates, as far as the link goes: keep the offer, fetch the bundle, tell what root says of it.

The link judges nothing that matters: root checks the whole bundle again. What it refuses by
itself only spares the line: another board's bundle, and one for which there is no room.
"""

import asyncio
import errno
import logging
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from edge.clock import Clock
from edge.enrolment.certificate import get_credentials
from edge.enrolment.channel import make_channel, wait_ready
from edge.enrolment.identity import Identity
from edge.errors import Kind
from edge.link.backoff import Backoff
from edge.link.boot_proof import BootProof
from edge.link.bundle_stream import BundleStream
from edge.link.journal import note
from edge.link.pace import DOWN, Pace
from edge.link.upload_stream import UploadError
from edge.service.image import Image
from edge.whole_file import sync_folder
from edge.wire import update_talk as talk
from edge.wire.clip_talk import shorten
from edge.wire.v1 import session_pb2, update_pb2, update_pb2_grpc

LOOK_SECONDS = 2.0
# What must stay free beside a bundle: the spool and the ring live on the same disk.
LEAST_FREE_BYTES = 64 * 1024 * 1024
_SHA256_BYTES = 32
_NS = 1_000_000_000
Tell = Callable[[session_pb2.Answer], Awaitable[None]]
TellReport = Callable[[update_pb2.UpdateReport], Awaitable[None]]


class Updates:
    """One pole's. Runs beside the session on the same loop."""

    def __init__(
        self,
        data: Path,
        image: Image | None,
        identity: Callable[[], Identity],
        tell: Tell,
        tell_report: TellReport,
        *,
        clock: Clock,
        rng: random.Random,
        bits_per_second: int,
    ) -> None:
        """image: None: this machine takes no updates. tell_report: taken whenever one changed."""
        self._data = data
        self._image = image
        self._identity = identity
        self._tell = tell
        self._tell_report = tell_report
        self._clock = clock
        self._bits_per_second = bits_per_second
        self._backoff = Backoff(rng)
        self._has_offer = asyncio.Event()
        self._refused: talk.Report | None = None
        self._told: update_pb2.UpdateReport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.proof = BootProof(data)

    def perform(self, command: session_pb2.Command) -> None:
        """Take an offer; `tell` takes the answer later."""
        task = asyncio.ensure_future(self._take(command.id, command.offer_update))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Fetch what is offered and tell what becomes of it, until cancelled."""
        while True:
            # Before the look: what is kept after it sets this again. And the report after it, so
            # that what is about to be fetched has been told of.
            self._has_offer.clear()
            offer = await asyncio.to_thread(self._find_wanted)
            await self._report()
            if offer is not None:
                await self._fetch(offer)
                continue
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._has_offer.wait()
            except TimeoutError:
                continue

    def begin_again(self) -> None:
        """A stream is new: what was told on an older one is told again."""
        self._told = None
        self._has_offer.set()

    # Offers.

    async def _take(self, command_id: int, offered: update_pb2.OfferUpdate) -> None:
        answer = session_pb2.Answer(id=command_id, code=session_pb2.ANSWER_CODE_DONE)
        offer = talk.Offer(
            command=command_id,
            version=offered.version,
            board=offered.board,
            bundle_sha256=offered.bundle_sha256.hex(),
            bundle_bytes=offered.bundle_bytes,
        )
        try:
            wrong = await asyncio.to_thread(self._keep, offer)
        except OSError as error:
            answer.code = session_pb2.ANSWER_CODE_FAILED
            answer.message = f"the offer cannot be kept ({error.strerror})"
        else:
            if wrong is not None:
                answer.code, answer.message = session_pb2.ANSWER_CODE_REFUSED, wrong.message
                self._refused = wrong
        note("update_offered", version=offer.version, answer=answer.message or "done")
        self._has_offer.set()
        await self._tell(answer)

    def _keep(self, offer: talk.Offer) -> talk.Report | None:
        """Write the offer down; why not, otherwise. Raises OSError."""
        if (wrong := _find_wrong(offer, self._image)) is not None:
            return wrong
        before = _read_offer(self._data)
        if before is not None and before.command == offer.command:
            return None
        if before is None or before.bundle_sha256 != offer.bundle_sha256:
            talk.part_path(self._data).unlink(missing_ok=True)
        talk.arrived_path(self._data).unlink(missing_ok=True)
        if self._lacks_room(offer):
            return _refuse(offer, "no_room", "the pole's disk has no room for the bundle")
        talk.write_offer(self._data, offer)
        self._refused = None
        return None

    def _lacks_room(self, offer: talk.Offer) -> bool:
        room = os.statvfs(talk.update_folder(self._data))
        missing_bytes = offer.bundle_bytes - _size(talk.part_path(self._data))
        return room.f_bavail * room.f_frsize < missing_bytes + LEAST_FREE_BYTES

    # The bundle.

    def _find_wanted(self) -> talk.Offer | None:
        """The offer whose bundle is not whole yet; None: there is nothing to fetch."""
        offer = _read_offer(self._data)
        if offer is None or self._image is None:
            return None
        report = _read_report(self._data)
        if report is not None and report.offer.command == offer.command:
            if report.phase in talk.ENDS:
                self._forget()
            return None
        return None if talk.arrived_path(self._data).exists() else offer

    async def _fetch(self, offer: talk.Offer) -> None:
        try:
            await self._pull(offer)
            self._backoff.reset()
        except UploadError as error:
            if error.is_final:
                await self._give_up(offer, "withdrawn", error.what)
                return
            await self._pause(error.what)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                await self._give_up(offer, "no_room", "the pole's disk is full")
                return
            await self._pause(error.strerror or "the disk does not take it")

    async def _pull(self, offer: talk.Offer) -> None:
        part = talk.part_path(self._data)
        from_byte = await asyncio.to_thread(_size, part)
        if from_byte > offer.bundle_bytes:
            part.unlink()
            from_byte = 0
        if from_byte < offer.bundle_bytes:
            identity = self._identity()
            async with make_channel(identity.collector, get_credentials(identity)) as channel:
                if not await wait_ready(channel):
                    raise UploadError(Kind.UNAVAILABLE, "the collector cannot be reached")
                stub: update_pb2_grpc.UpdateServiceAsyncStub
                stub = update_pb2_grpc.UpdateServiceStub(channel)
                pace = Pace(self._bits_per_second, self._clock.monotonic_ns(), DOWN)
                stream = BundleStream(stub.FetchBundle(), offer, pace, self._clock)
                await stream.fetch(part, from_byte)
        await asyncio.to_thread(_hand_over, self._data)
        note("update_fetched", version=offer.version, bundle_bytes=offer.bundle_bytes)

    async def _pause(self, reason: str) -> None:
        pause_ns = self._backoff.draw_ns(refused=False)
        note("update_cut", reason=shorten(reason), after_ms=pause_ns // 1_000_000)
        await self._report()
        await asyncio.sleep(pause_ns / _NS)

    async def _give_up(self, offer: talk.Offer, refusal: talk.Refusal, what: str) -> None:
        note("update_given_up", level=logging.WARNING, refusal=refusal, reason=shorten(what))
        self._refused = _refuse(offer, refusal, what)
        await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        for path in (talk.part_path(self._data), talk.offer_path(self._data)):
            path.unlink(missing_ok=True)

    # Reports.

    async def _report(self) -> None:
        """Tell how the update stands where that changed, and root that this boot was heard."""
        report = await asyncio.to_thread(self._read_report)
        if report is not None and report != self._told:
            self._told = report
            await self._tell_report(report)
        try:
            await asyncio.to_thread(self.proof.look)
        except OSError as error:
            note("boot_not_proven", level=logging.ERROR, reason=error.strerror)

    def _read_report(self) -> update_pb2.UpdateReport | None:
        offer, said = _read_offer(self._data), _read_report(self._data)
        if self._refused is not None:
            return _make_report(self._refused, 0)
        if offer is not None and (said is None or said.offer.command != offer.command):
            is_whole = talk.arrived_path(self._data).exists()
            phase: talk.Phase = "checking" if is_whole else "fetching"
            return _make_report(talk.Report(offer, phase), self._received(offer))
        return None if said is None else _make_report(said, said.offer.bundle_bytes)

    def _received(self, offer: talk.Offer) -> int:
        arrived = talk.arrived_path(self._data)
        return offer.bundle_bytes if arrived.exists() else _size(talk.part_path(self._data))


def _find_wrong(offer: talk.Offer, image: Image | None) -> talk.Report | None:
    """Why this machine cannot follow an offer, whatever the bundle holds."""
    if image is None:
        what = "this machine runs no image: it takes no updates"
        return _refuse(offer, "not_possible", what)
    if len(offer.bundle_sha256) != 2 * _SHA256_BYTES or not offer.bundle_bytes:
        return _refuse(offer, "not_possible", "the offer names no bundle")
    if offer.board != image.board:
        what = f"the bundle is for {offer.board}, this is {image.board}"
        return _refuse(offer, "wrong_board", what)
    if offer.bundle_bytes > talk.MAX_BUNDLE_BYTES:
        what = f"{offer.bundle_bytes} bytes are more than any bundle has"
        return _refuse(offer, "no_room", what)
    return None


def _refuse(offer: talk.Offer, refusal: talk.Refusal, what: str) -> talk.Report:
    return talk.Report(offer, "refused", refusal, shorten(what))


def _make_report(report: talk.Report, received_bytes: int) -> update_pb2.UpdateReport:
    refusal = f"UPDATE_REFUSAL_{(report.refusal or 'unspecified').upper()}"
    return update_pb2.UpdateReport(
        version=report.offer.version,
        bundle_sha256=bytes.fromhex(report.offer.bundle_sha256),
        phase=update_pb2.UpdatePhase.Value(f"UPDATE_PHASE_{report.phase.upper()}"),
        refusal=update_pb2.UpdateRefusal.Value(refusal),
        message=report.message,
        received_bytes=received_bytes,
        bundle_bytes=report.offer.bundle_bytes,
    )


def _read_offer(data: Path) -> talk.Offer | None:
    try:
        return talk.read_offer(data)
    except talk.TalkError:
        return None


def _read_report(data: Path) -> talk.Report | None:
    try:
        return talk.read_report(data)
    except talk.TalkError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _hand_over(data: Path) -> None:
    """The bundle is on the disk before it has its name. Blocks."""
    part = talk.part_path(data)
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    part.replace(talk.arrived_path(data))
    sync_folder(talk.update_folder(data))
