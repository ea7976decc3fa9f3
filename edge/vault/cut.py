"""Fragments of the ring become one sealed MP4, without encoding anything again.

Which fragments, where their samples stand in time, which stretches are missing: pure functions.
`cut_clip` reads all tables before it writes the first sample. A short clip's samples are kept
meanwhile, a longer one's fragments are opened twice: so a clip of any length needs bounded memory,
and nothing of it lies on the disk in clear.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Protocol

from edge.errors import Kind
from edge.evidence.manifest import MAX_FRAGMENTS, MAX_GAPS, MAX_SPANS
from edge.evidence.pieces import FragmentPiece, Gap, Piece, Span
from edge.evidence.sealed import Sealed, Sealer
from edge.vault.cut_header import make_header
from edge.vault.cut_timeline import NS_PER_MS, CutError, TimeLine
from edge.vault.fragment import Fragment, GapReason, Samples
from edge.vault.record import Header

# A minute at 4 Mbit/s is kept between the two readings; more is read and opened again.
_KEPT_BYTES = 32 * 1024 * 1024
# Up to a fragment's rest may be missing at either end without being worth a word.
_TOLERATED_NS = 2_000_000_000
RING_BEGINS, RING_ENDS = "ring_begins", "ring_ends"


class Footage(Protocol):
    """One camera's fragments, for reading."""

    def list_headers(self, from_utc_ns: int, to_utc_ns: int) -> Sequence[Header]:
        """All that hold a sample of the time, in order; before them as many as a decoder needs."""
        ...

    def open_fragment(self, header: Header) -> Fragment:
        """The fragment itself. Raises VigieError(DATA_LOSS) when it is not as written."""
        ...


@dataclass(frozen=True, slots=True)
class Cut:
    """What a manifest says of the file that was cut."""

    header: Piece
    fragments: tuple[FragmentPiece, ...]
    spans: tuple[Span, ...]
    chain_before: bytes
    chain_after: bytes
    mp4_bytes: int
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples of one fragment, as they stand in the file."""

    header: Header
    first_byte: int
    size_bytes: int
    sha256: bytes
    first_utc_ns: int
    last_utc_ns: int


def find_gaps(headers: Sequence[Header], from_utc_ms: int, to_utc_ms: int) -> tuple[Gap, ...]:
    """Which stretches of the asked time are not in these fragments, and why.

    Raises CutError when they are more than a manifest names.
    """
    gaps = []
    first, last = headers[0], headers[-1]
    if first.first_utc_ns > from_utc_ms * NS_PER_MS + _TOLERATED_NS:
        reason = first.gap.reason.word if first.gap else RING_BEGINS
        gaps.append(Gap(from_utc_ms, first.first_utc_ns // NS_PER_MS, reason))
    for before, after in pairwise(headers):
        if after.gap is not None or after.seq != before.seq + 1:
            reason = (after.gap.reason if after.gap else GapReason.DAMAGED).word
            begins, ends = before.last_utc_ns // NS_PER_MS, after.first_utc_ns // NS_PER_MS
            gaps.append(Gap(begins, ends, reason))
    if last.last_utc_ns + _TOLERATED_NS < to_utc_ms * NS_PER_MS:
        gaps.append(Gap(last.last_utc_ns // NS_PER_MS, to_utc_ms, RING_ENDS))
    if len(gaps) > MAX_GAPS:
        raise _too_long(f"{len(gaps)} stretches are missing in it")
    return tuple(gaps)


def cut_clip(footage: Footage, headers: Sequence[Header], sealer: Sealer, *, mark: str = "") -> Cut:
    """Write these fragments, whole and in order, as one MP4 into the seal.

    mark: as `make_header` takes it.

    Raises:
        CutError: more fragments than a manifest names, or the coding changes among them.
        VigieError: DATA_LOSS when a fragment is not as it was written.
        OSError: what the sealed file's disk says.

    """
    if len(headers) > MAX_FRAGMENTS:
        raise _too_long(f"it has {len(headers)} fragments")
    line = TimeLine()
    kept: dict[int, Samples] = {}
    is_short = sum(header.samples_bytes for header in headers) <= _KEPT_BYTES
    for header in headers:
        fragment = footage.open_fragment(header)
        line.add(header, fragment)
        if is_short:
            kept[header.seq] = fragment.samples
    parts = [
        _Part(
            header,
            0,
            header.samples_bytes,
            header.samples_sha256,
            header.first_utc_ns,
            header.last_utc_ns,
        )
        for header in headers
    ]
    return _write(parts, line, sealer, mark, _take_from(footage, kept))


def cut_still(
    footage: Footage, headers: Sequence[Header], utc_ms: int, sealer: Sealer, *, mark: str = ""
) -> Cut:
    """Write the key sample that shows the moment as an MP4 of one frame. Raises as `cut_clip`."""
    moment_ns = utc_ms * NS_PER_MS
    found: tuple[Header, int, int] | None = None
    for header in headers:
        fragment = footage.open_fragment(header)
        place = 0
        for number, row in enumerate(fragment.rows):
            if row.is_key and (found is None or row.captured_utc_ns <= moment_ns):
                found = (header, number, place)
            place += row.sample_bytes
    if found is None:
        raise CutError(Kind.NOT_FOUND, "the ring has no whole picture of this moment")
    header, number, place = found
    fragment = footage.open_fragment(header)
    row = fragment.rows[number]
    sample = fragment.samples[place : place + row.sample_bytes]
    sha256 = hashlib.sha256(sample).digest()
    part = _Part(header, place, len(sample), sha256, row.captured_utc_ns, row.captured_utc_ns)
    line = TimeLine()
    line.add_still(fragment.stream, row.sample_bytes, max(1, row.duration))
    return _write([part], line, sealer, mark, lambda _: fragment.samples)


def _take_from(footage: Footage, kept: dict[int, Samples]) -> Callable[[Header], Samples]:
    """Samples that were kept, each given once, or else from the ring again."""

    def take(header: Header) -> Samples:
        samples = kept.pop(header.seq, None)
        return footage.open_fragment(header).samples if samples is None else samples

    return take


def _write(
    parts: Sequence[_Part],
    line: TimeLine,
    sealer: Sealer,
    mark: str,
    take: Callable[[Header], Samples],
) -> Cut:
    header = make_header(
        line.stream,
        line.samples,
        begins_utc_ms=parts[0].first_utc_ns // NS_PER_MS,
        mark=mark,
    )
    mp4_bytes = len(header)
    sealer.write(header)
    for part in parts:
        view = memoryview(take(part.header))[part.first_byte : part.first_byte + part.size_bytes]
        sealer.write(view)
        mp4_bytes += len(view)
    return Cut(
        header=Piece(len(header), hashlib.sha256(header).digest()),
        fragments=tuple(_piece(part) for part in parts),
        spans=_find_spans(part.header for part in parts),
        chain_before=parts[0].header.chain_before,
        chain_after=parts[-1].header.chain,
        mp4_bytes=mp4_bytes,
        sealed=sealer.finish(),
    )


def _piece(part: _Part) -> FragmentPiece:
    first_ms = part.first_utc_ns // NS_PER_MS
    return FragmentPiece(
        seq=part.header.seq,
        size_bytes=part.size_bytes,
        sha256=part.sha256,
        first_utc_ms=first_ms,
        duration_ms=part.last_utc_ns // NS_PER_MS - first_ms,
        clock_error_ms=part.header.clock_error_ms,
    )


def _find_spans(headers: Iterable[Header]) -> tuple[Span, ...]:
    def held(header: Header) -> tuple[str, int]:
        return header.clock_source, header.mandate_version

    def spans() -> Iterator[Span]:
        for (source, version), alike in groupby(headers, key=held):
            yield Span(next(alike).seq, source, version)

    found = tuple(spans())
    if len(found) > MAX_SPANS:
        raise _too_long(f"clock or mandate change {len(found)} times in it")
    return found


def _too_long(why: str) -> CutError:
    return CutError(
        Kind.RESOURCE_EXHAUSTED,
        f"the asked stretch does not fit into one clip: {why}",
        hint="Ask for it in several parts.",
    )
