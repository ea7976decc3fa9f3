"""The vault's clip desk: takes requests, judges them, cuts, seals, and hands over to the link.

What the link says is believed only as far as it can do no harm: a request counts by its signature,
`delivered` and `drop` cost at most a clip that the collector will miss. Before the first byte is
cut the request stands in the vault's own audit. One thread; it opens the ring for each clip.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.evidence.manifest import MAX_ENVELOPE_BYTES, parse_manifest
from edge.evidence.request import RequestError, get_fingerprint, verify_request
from edge.mandate.clock_proof import ClockProof
from edge.mandate.envelope import open_envelope
from edge.mandate.keys import SigningKey
from edge.mandate.room import MandateRoom
from edge.vault.clips_audit import FILE_NAME, AuditError, Detail
from edge.vault.clips_ledger import ClipLedger, describe_request
from edge.vault.clips_making import Context, Order, Standing, make_clip
from edge.vault.clips_refusal import refusal_of
from edge.vault.clips_search import Ring, estimate_sealed_bytes, find_headers
from edge.vault.clips_shelf import Shelf
from edge.vault.cut import find_gaps
from edge.vault.cut_timeline import NS_PER_MS
from edge.vault.orders import No, Refusal, Situation, check_order, earliest_utc_ms
from edge.vault.orders_count import OrderCount
from edge.wire import clip_talk as said

MAX_WAITING_CLIPS = 16
MAX_WAITING_BYTES = 4 * 1024**3
# Kept free for the ring, which needs room to go on.
RESERVE_BYTES = 128 * 1024**2
# A clip that nobody fetched for a week is to be asked for again.
KEEP_WAITING_MS = 7 * 86_400_000
# A failure is told to each new connection for a day: the link may have died with the word.
TELL_FAILURES_MS = 86_400_000


def read_standing(room: MandateRoom) -> Standing:
    """What a clip desk must know of a room. To be called on the room's own thread."""
    proof = room.clock_proof
    if not isinstance(proof, ClockProof):
        return Standing(room.trust, None, proof, None)
    return Standing(room.trust, room.mandate, room.standing().reason, proof.error_ms)


class ClipDesk:
    """One pole's. `standing` is set, at least once a second, by who owns the mandate room."""

    def __init__(
        self,
        data: Path,
        open_ring: Callable[[], AbstractContextManager[Ring]],
        key: SigningKey,
        *,
        device: str,
        software: str,
        clock: Clock,
    ) -> None:
        """Go on where a killed vault was. Raises AuditError, OSError."""
        self.standing = Standing()
        self._open_ring = open_ring
        self._key = key
        self._device = device
        self._software = software
        self._clock = clock
        self._shelf = Shelf(data)
        self._ledger = ClipLedger(data / "vault" / FILE_NAME)
        self._count = OrderCount(clock, self._ledger.list_accepted())
        self._orders: dict[str, str] = {}
        self._recover()

    def close(self) -> None:
        """Let go of the audit."""
        self._ledger.close()

    @property
    def has_work(self) -> bool:
        """True while a clip is to be cut."""
        return bool(self._orders)

    def announce(self) -> list[said.FromVault]:
        """What the link must know after it has connected: what waits, what failed of late."""
        for clip in self._shelf.list_waiting():
            if self._now_ms() - self._ledger.get_act(clip)[1] > KEEP_WAITING_MS:
                self._end(clip, "forgotten")
        failures = self._ledger.list_failures(self._now_ms() - TELL_FAILURES_MS)
        told: list[said.FromVault] = [said.Report(clip, "failed", why) for clip, why in failures]
        return told + [self._ready(clip) for clip in self._shelf.list_waiting()]

    def take(self, message: said.ToVault) -> list[said.FromVault]:
        """What the link said, and what to say to it. Raises AuditError, OSError."""
        match message:
            case said.Request():
                return self._take_request(message)
            case said.Delivered():
                self._end(message.clip, "delivered")
                return []
            case said.Drop():
                self._end(message.clip, "dropped")
                return [said.Answer(message.command, "done", "")]

    def cut_next(self) -> list[said.FromVault]:
        """Cut the oldest order; what to say of it."""
        clip = next(iter(self._orders))
        envelope = self._orders.pop(clip)
        try:
            order = self._verify(envelope)
            refusal: Refusal | None = check_order(
                order.request, order.fingerprint, self._situation()
            )
            if refusal is None:
                return [self._cut(order)]
        except (VigieError, OSError) as error:
            refusal = refusal_of(error)
        return self._fail(clip, refusal)

    # Requests.

    def _take_request(self, message: said.Request) -> list[said.FromVault]:
        try:
            order = self._verify(message.envelope)
        except RequestError as error:
            return self._refuse_unsigned(message, refusal_of(error))
        if self._ledger.fingerprints.get(order.request.clip) == order.fingerprint:
            return self._answer_again(message.command, order)
        refusal = self._judge(order)
        if refusal is not None:
            return self._refuse(message.command, order, refusal)
        return self._accept(message.command, order)

    def _verify(self, envelope: str) -> Order:
        trust = self.standing.trust
        if trust is None or trust.clip_key is None:
            raise RequestError(
                Kind.PERMISSION_DENIED, "this pole was not told whose clip requests to believe"
            )
        request = verify_request(envelope, trust.clip_key)
        return Order(request, envelope, get_fingerprint(envelope))

    def _judge(self, order: Order) -> Refusal | None:
        request, situation = order.request, self._situation()
        refusal = check_order(request, order.fingerprint, situation) or self._count.check(
            request.camera, situation
        )
        if refusal is not None:
            return refusal
        try:
            with self._open_ring() as ring:
                headers = find_headers(ring, request, earliest_utc_ms(situation))
            find_gaps(headers, request.from_utc_ms, request.to_utc_ms)
            needed_bytes = estimate_sealed_bytes(request, headers)
        except VigieError as error:
            return refusal_of(error)
        waiting = self._shelf.list_waiting()
        if len(waiting) + len(self._orders) >= MAX_WAITING_CLIPS:
            return Refusal(No.TOO_MANY_WAIT, f"{MAX_WAITING_CLIPS} clips wait here already")
        if sum(waiting.values()) + needed_bytes > MAX_WAITING_BYTES:
            return Refusal(No.TOO_MANY_WAIT, "the clips that wait here fill their room")
        if self._shelf.count_free_bytes() < needed_bytes + RESERVE_BYTES:
            return Refusal(No.DISK_FULL, "the pole's disk has no room for this clip")
        return None

    def _accept(self, command: int, order: Order) -> list[said.FromVault]:
        clip = order.request.clip
        try:
            # Kept before it is said to be accepted, so that a vault that dies cuts it later.
            self._shelf.put_order(clip, order.envelope)
            detail = describe_request(order.request, order.fingerprint)
            self._ledger.write(self._now_ms(), "accepted", clip, detail)
        except (AuditError, OSError) as error:
            self._shelf.take_order(clip)
            return [said.Answer(command, "failed", said.shorten(refusal_of(error).message))]
        self._count.note(order.request.camera)
        self._orders[clip] = order.envelope
        return [said.Answer(command, "done", ""), said.Report(clip, "cutting", "")]

    def _refuse(self, command: int, order: Order, refusal: Refusal) -> list[said.FromVault]:
        message = said.shorten(refusal.message)
        answer = said.Answer(command, "refused", message)
        if refusal.no is No.REPEATED:
            self._write_refused("repeated", order, refusal.no)
            return [answer]
        self._write_refused("refused", order, refusal.no)
        return [answer, said.Report(order.request.clip, "refused", message)]

    def _refuse_unsigned(self, message: said.Request, refusal: Refusal) -> list[said.FromVault]:
        fingerprint = get_fingerprint(message.envelope)
        self._ledger.write_unsigned(self._now_ms(), fingerprint, refusal.no.value)
        return [said.Answer(message.command, "refused", said.shorten(refusal.message))]

    def _answer_again(self, command: int, order: Order) -> list[said.FromVault]:
        """The same signed request once more: nothing is done twice."""
        clip = order.request.clip
        if clip in self._orders:
            return [said.Answer(command, "done", "")]
        if clip in self._shelf.list_waiting():
            return [said.Answer(command, "done", ""), self._ready(clip)]
        act, utc_ms = self._ledger.get_act(clip)
        self._write_refused("repeated", order, No.REPEATED)
        when = datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return [said.Answer(command, "refused", f"this request was answered: {act}, {when}")]

    # Cutting.

    def _cut(self, order: Order) -> said.Ready:
        context = Context(
            self._software, self._now_ms(), earliest_utc_ms(self._situation()), self.standing
        )
        with self._open_ring() as ring:
            envelope = make_clip(order, ring, self._shelf, self._key, context)
        clip = order.request.clip
        self._shelf.put_clip(clip, envelope)
        self._note_cut(ready := self._ready(clip))
        return ready

    def _note_cut(self, ready: said.Ready) -> None:
        detail: Detail = {
            "sealed_bytes": ready.sealed_bytes,
            "sealed_blake3": ready.sealed_blake3,
        }
        self._ledger.write(self._now_ms(), "cut", ready.clip, detail)
        self._shelf.take_order(ready.clip)

    def _fail(self, clip: str, refusal: Refusal) -> list[said.FromVault]:
        message = said.shorten(refusal.message)
        self._shelf.remove_clip(clip)
        detail: Detail = {"no": refusal.no.value, "why": message}
        self._ledger.write(self._now_ms(), "failed", clip, detail)
        self._shelf.take_order(clip)
        return [said.Report(clip, "failed", message)]

    # The end of a clip's way, and what is known.

    def _end(self, clip: str, act: str) -> None:
        """Harmless twice, and for a clip that never was."""
        if clip in self._shelf.list_waiting() or clip in self._orders:
            self._ledger.write(self._now_ms(), act, clip)
            self._orders.pop(clip, None)
            self._shelf.remove_clip(clip)
            self._shelf.take_order(clip)

    def _recover(self) -> None:
        """What was decided is in the audit; what lies on the disk is made to agree with it."""
        for clip, envelope in self._shelf.read_orders().items():
            is_accepted = self._ledger.fingerprints.get(clip) == get_fingerprint(envelope)
            if is_accepted and not self._ledger.has_ended(clip):
                self._orders[clip] = envelope
            else:
                self._shelf.take_order(clip)
        for clip in self._shelf.list_waiting():
            if clip not in self._ledger.fingerprints or self._ledger.has_ended(clip):
                self._shelf.remove_clip(clip)
            elif self._orders.pop(clip, None) is not None:
                self._note_cut(self._ready(clip))

    def _situation(self) -> Situation:
        standing = self.standing
        try:
            with self._open_ring() as ring:
                cameras = frozenset(ring.cameras())
        except VigieError:
            # A ring that cannot be read holds nothing that could be given out.
            cameras = frozenset()
        trust = standing.trust
        return Situation(
            device=self._device,
            now_utc_ms=None if standing.clock_error_ms is None else self._now_ms(),
            clock_error_ms=standing.clock_error_ms or 0,
            mandate=standing.mandate,
            reason=standing.reason,
            cameras=cameras,
            readers=frozenset(each.keyid for each in trust.readers) if trust else frozenset(),
            seen=self._ledger.fingerprints,
        )

    def _ready(self, clip: str) -> said.Ready:
        envelope = self._shelf.read_manifest(clip)
        manifest = parse_manifest(open_envelope(envelope, max_bytes=MAX_ENVELOPE_BYTES).payload)
        return said.Ready(clip, manifest.sealed_bytes, manifest.sealed_blake3.hex())

    def _write_refused(self, act: str, order: Order, no: No) -> None:
        detail = describe_request(order.request, order.fingerprint) | {"no": no.value}
        self._ledger.write_refused(self._now_ms(), act, order.request.clip, detail)

    def _now_ms(self) -> int:
        return self._clock.utc_ns() // NS_PER_MS
