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
from edge.evidence.pieces import (
    FragmentPiece,
    Gap,
    MandateName,
    Piece,
    Span,
    read_digest,
    read_fragment,
    read_gap,
    read_header_piece,
    read_mandate_name,
    read_span,
)
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
MAX_GAPS = 64
MAX_SPANS = 32


class ManifestError(ProblemsError):
    """The manifest cannot be one (a field is named), or the pole has not signed it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it. `device` and `camera` are the request's; chains are the camera's in the ring.

    mandate: in force when the clip was cut. request_sha256: of the signed envelope. mp4_bytes: of
    header and fragments, which are the whole file. spans: the first begins with the first fragment.
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
    sealed_bytes: int
    sealed_blake3: bytes
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
        request_sha256=read_digest(fields, "request_sha256"),
        mandate=read_mandate_name(fields.inner("mandate")),
        header=read_header_piece(fields.inner("header")),
        fragments=tuple(
            read_fragment(each) for each in fields.objects("fragments", least=1, most=MAX_FRAGMENTS)
        ),
        spans=tuple(read_span(each) for each in fields.objects("spans", least=1, most=MAX_SPANS)),
        gaps=tuple(read_gap(each) for each in fields.objects("gaps", most=MAX_GAPS)),
        chain_before=read_digest(fields, "chain_before"),
        chain_after=read_digest(fields, "chain_after"),
        mp4_bytes=fields.whole("mp4_bytes", least=1),
        sealed_bytes=fields.whole("sealed_bytes", least=1),
        sealed_blake3=bytes.fromhex(fields.blake3("sealed_blake3")),
        readers=fields.hashes("readers", least=1, most=MAX_READERS),
        software=fields.text("software", longest=64),
        made_utc_ms=fields.utc_ms("made_utc_ms"),
        made_clock_error_ms=fields.whole("made_clock_error_ms"),
    )


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
