"""One clip: found in the ring, cut, sealed to its readers, described in a signed manifest."""

from dataclasses import dataclass

from edge.evidence.manifest import Manifest, sign_manifest
from edge.evidence.pieces import Gap, MandateName
from edge.evidence.request import ClipRequest
from edge.evidence.sealed import Sealer
from edge.mandate.keys import SigningKey
from edge.mandate.reason import Reason
from edge.mandate.statement import Mandate
from edge.mandate.trust import Trust
from edge.vault.clips_search import Ring, find_headers
from edge.vault.clips_shelf import Shelf
from edge.vault.cut import Cut, cut_clip, cut_still, find_gaps


@dataclass(frozen=True, slots=True)
class Standing:
    """What the vault's mandate room says. clock_error_ms: None: the clock is not proven."""

    trust: Trust | None = None
    mandate: Mandate | None = None
    reason: Reason | None = Reason.NO_TRUST
    clock_error_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A request whose signature was verified, with the envelope that it came in."""

    request: ClipRequest
    envelope: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Context:
    """What holds while a clip is made. earliest_utc_ms: nothing before it is given out."""

    software: str
    now_utc_ms: int
    earliest_utc_ms: int
    standing: Standing


def make_clip(order: Order, ring: Ring, shelf: Shelf, key: SigningKey, context: Context) -> bytes:
    """Write the sealed clip as the shelf's part; its manifest's envelope.

    Raises VigieError as `cut_clip` and `find_headers` do, OSError of the disk; the part is gone
    then.
    """
    request, standing = order.request, context.standing
    trust, mandate = standing.trust, standing.mandate
    # An order is judged before it is cut, and none passes without both.
    assert trust is not None
    assert mandate is not None
    readers = {each.keyid: each.raw for each in trust.readers if each.keyid in request.readers}
    headers = find_headers(ring, request, context.earliest_utc_ms)
    gaps = find_gaps(headers, request.from_utc_ms, request.to_utc_ms)
    footage, mark = ring.footage(request.camera), mandate.profile.watermark
    with shelf.open_part(request.clip) as file:
        sealer = Sealer(file, request.clip, readers)
        if request.kind == "still":
            cut, gaps = cut_still(footage, headers, request.from_utc_ms, sealer, mark=mark), ()
        else:
            cut = cut_clip(footage, headers, sealer, mark=mark)
    return sign_manifest(_describe(order, cut, gaps, mandate, context), key)


def _describe(
    order: Order, cut: Cut, gaps: tuple[Gap, ...], mandate: Mandate, context: Context
) -> Manifest:
    return Manifest(
        request=order.request,
        request_sha256=bytes.fromhex(order.fingerprint),
        mandate=MandateName(mandate.version, mandate.profile.name, bytes.fromhex(mandate.sha256)),
        header=cut.header,
        fragments=cut.fragments,
        spans=cut.spans,
        gaps=gaps,
        chain_before=cut.chain_before,
        chain_after=cut.chain_after,
        mp4_bytes=cut.mp4_bytes,
        sealed_bytes=cut.sealed.sealed_bytes,
        sealed_blake3=cut.sealed.blake3,
        readers=order.request.readers,
        software=context.software,
        made_utc_ms=context.now_utc_ms,
        made_clock_error_ms=context.standing.clock_error_ms or 0,
    )
