"""What the pole signs about a clip: where each byte of it comes from, when it was taken, and why.

The MP4 is one header (everything up to the first sample) and then the ring's fragments, whole and
in order, without a hole. So its bytes are named by lengths and hashes alone, and whoever verifies
needs no demuxer. A fragment's hash is the one that the ring wrote when it was recorded. A still
holds one key sample of its fragment; its hash is that sample's own.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from edge.errors import Kind
from edge.evidence.device_keys import DeviceKey
from edge.evidence.request import MAX_READERS, ClipRequest, read_request
from edge.mandate.envelope import CLIP_MANIFEST, sign_payload, verify_envelope
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

VERSION = 1
# As clip.proto bounds it, so that an offer stays below a message's 256 KiB.
MAX_ENVELOPE_BYTES = 245_760
# So many fit into an envelope: half an hour of fragments of 2 s, and some.
MAX_FRAGMENTS = 910
MAX_FRAGMENT_MS = 3_600_000
MAX_GAPS = 64
MAX_SPANS = 32


class ManifestError(ProblemsError):
    """The manifest cannot be one (a field is named), or the pole has not signed it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the file: how many bytes, and their SHA-256."""

    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class FragmentPiece:
    """A fragment's stretch of the file, with its number in the camera's ring.

    first_utc_ms: capture of its first sample; duration_ms: from there to its last sample.
    clock_error_ms: largest error of that time. None: the clock was not proven.
    """

    seq: int
    size_bytes: int
    sha256: bytes
    first_utc_ms: int
    duration_ms: int
    clock_error_ms: int | None

    @property
    def last_utc_ms(self) -> int:
        """Capture of its last sample."""
        return self.first_utc_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class Span:
    """What held from this fragment on: what proved the clock, which mandate let it be recorded."""

    from_seq: int
    clock_source: str
    mandate_version: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the asked time of which the ring holds nothing, and why."""

    from_utc_ms: int
    to_utc_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class MandateName:
    """Under which mandate the clip left the pole. sha256: of the envelope's bytes."""

    version: int
    profile: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it. `device` and `camera` are the request's; chains are the camera's in the ring.

    mandate: in force when the clip was cut. request_sha256: of the signed envelope. mp4_sha256: of
    the file as a whole. spans: the first one begins with the first fragment.
    chain_before, chain_after: the camera's chain before the first and after the last fragment.
    """

    request: ClipRequest
    request_sha256: bytes
    mandate: MandateName
    header: Piece
    fragments: tuple[FragmentPiece, ...]
    spans: tuple[Span, ...]
    gaps: tuple[Gap, ...]
    chain_before: bytes
    chain_after: bytes
    mp4_bytes: int
    mp4_sha256: bytes
    sealed_bytes: int
    sealed_sha256: bytes
    readers: tuple[str, ...]
    software: str
    made_utc_ms: int
    made_clock_error_ms: int

    @property
    def clip(self) -> str:
        """The clip's name."""
        return self.request.clip

    def locate_fragments(self) -> Iterator[tuple[int, FragmentPiece]]:
        """Each fragment with the place of its first byte in the file."""
        first_byte = self.header.size_bytes
        for piece in self.fragments:
            yield first_byte, piece
            first_byte += piece.size_bytes


def write_manifest(manifest: Manifest) -> bytes:
    """The payload that is signed. Raises ManifestError for one that no verifier would accept."""
    record = _in_hex({"version": VERSION, **asdict(manifest)})
    payload = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    parse_manifest(payload)
    return payload


def sign_manifest(manifest: Manifest, key: SigningKey) -> bytes:
    """The envelope that goes with the clip, signed with the pole's evidence key.

    Raises:
        ManifestError: no verifier would accept it, or it is too long.

    """
    envelope = sign_payload(write_manifest(manifest), CLIP_MANIFEST, key)
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise ManifestError(Kind.RESOURCE_EXHAUSTED, "the manifest of this clip is too long")
    return envelope


def verify_manifest(envelope: bytes, keys: Sequence[DeviceKey]) -> tuple[Manifest, DeviceKey]:
    """The manifest in an envelope, and the key of its device that signed it.

    Raises:
        ManifestError: PERMISSION_DENIED when no known key of that device signed it;
            INVALID_ARGUMENT for what is no manifest.

    """
    believed = [PublicKey(key.device, key.ed25519) for key in keys]
    try:
        verified = verify_envelope(
            envelope, CLIP_MANIFEST, believed, threshold=1, max_bytes=MAX_ENVELOPE_BYTES
        )
    except MandateError as error:
        raise ManifestError(
            error.kind, f"no known pole has signed this manifest ({error.what})"
        ) from error
    manifest = parse_manifest(verified.payload)
    signers = {signer.keyid for signer in verified.signers}
    for key in keys:
        if key.keyid in signers and key.device == manifest.request.device:
            return manifest, key
    raise ManifestError(
        Kind.PERMISSION_DENIED,
        f"the manifest is of {manifest.request.device}, but {verified.signers[0].name} signed it",
    )


def parse_manifest(payload: bytes) -> Manifest:
    """The manifest in a payload whose signature was verified.

    Raises:
        ManifestError: a field is missing, unknown or out of bounds, or its parts do not agree.

    """
    record = parse_object(
        payload, what="the manifest", max_bytes=MAX_ENVELOPE_BYTES, refusal=ManifestError
    )
    fields = Fields(record, path="manifest")
    fields.whole("version", least=VERSION, most=VERSION)
    manifest = _read(fields)
    fields.close()
    fields.raise_problems(ManifestError)
    if problem := _find_problem(manifest):
        raise ManifestError(Kind.INVALID_ARGUMENT, f"the manifest {problem}")
    return manifest


def _read(fields: Fields) -> Manifest:
    return Manifest(
        request=read_request(fields.inner("request")),
        request_sha256=_read_digest(fields, "request_sha256"),
        mandate=_read_mandate(fields.inner("mandate")),
        header=_read_header(fields.inner("header")),
        fragments=tuple(
            _read_fragment(each)
            for each in fields.objects("fragments", least=1, most=MAX_FRAGMENTS)
        ),
        spans=tuple(_read_span(each) for each in fields.objects("spans", least=1, most=MAX_SPANS)),
        gaps=tuple(_read_gap(each) for each in fields.objects("gaps", most=MAX_GAPS)),
        chain_before=_read_digest(fields, "chain_before"),
        chain_after=_read_digest(fields, "chain_after"),
        mp4_bytes=fields.whole("mp4_bytes", least=1),
        mp4_sha256=_read_digest(fields, "mp4_sha256"),
        sealed_bytes=fields.whole("sealed_bytes", least=1),
        sealed_sha256=_read_digest(fields, "sealed_sha256"),
        readers=fields.hashes("readers", least=1, most=MAX_READERS),
        software=fields.text("software", longest=64),
        made_utc_ms=fields.utc_ms("made_utc_ms"),
        made_clock_error_ms=fields.whole("made_clock_error_ms"),
    )


def _read_mandate(fields: Fields) -> MandateName:
    mandate = MandateName(
        fields.whole("version"), fields.text("profile", longest=64), _read_digest(fields, "sha256")
    )
    fields.close()
    return mandate


def _read_header(fields: Fields) -> Piece:
    header = Piece(fields.whole("size_bytes", least=1), _read_digest(fields, "sha256"))
    fields.close()
    return header


def _read_fragment(fields: Fields) -> FragmentPiece:
    piece = FragmentPiece(
        seq=fields.whole("seq", least=1),
        size_bytes=fields.whole("size_bytes", least=1),
        sha256=_read_digest(fields, "sha256"),
        first_utc_ms=fields.utc_ms("first_utc_ms"),
        duration_ms=fields.whole("duration_ms", most=MAX_FRAGMENT_MS),
        clock_error_ms=(
            None if fields.is_null("clock_error_ms") else fields.whole("clock_error_ms")
        ),
    )
    fields.close()
    return piece


def _read_span(fields: Fields) -> Span:
    span = Span(
        fields.whole("from_seq", least=1),
        fields.text("clock_source", shortest=0, longest=32),
        fields.whole("mandate_version"),
    )
    fields.close()
    return span


def _read_gap(fields: Fields) -> Gap:
    gap = Gap(
        fields.utc_ms("from_utc_ms"),
        fields.utc_ms("to_utc_ms"),
        fields.text("reason", longest=64),
    )
    fields.close()
    return gap


def _read_digest(fields: Fields, key: str) -> bytes:
    return bytes.fromhex(fields.sha256(key))


def _find_problem(manifest: Manifest) -> str | None:
    seqs = [piece.seq for piece in manifest.fragments]
    if any(later <= earlier for earlier, later in pairwise(seqs)):
        return "names fragments out of order"
    if manifest.spans[0].from_seq != seqs[0]:
        return "does not say under what its first fragment was recorded"
    named = manifest.header.size_bytes + sum(piece.size_bytes for piece in manifest.fragments)
    if named != manifest.mp4_bytes:
        return f"names {named} bytes of a file of {manifest.mp4_bytes}"
    if manifest.request.kind == "still" and len(seqs) != 1:
        return "names several fragments for a still"
    return None


def _in_hex(found: object) -> object:
    match found:
        case bytes():
            return found.hex()
        case dict():
            return {name: _in_hex(each) for name, each in found.items()}
        case list() | tuple():
            return [_in_hex(each) for each in found]
    return found
