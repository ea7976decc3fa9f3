"""Clip requests, manifests and small clips of random bytes, with keys; all can be changed."""

import hashlib
import os
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.evidence.device_keys import DeviceKey
from edge.evidence.manifest import Manifest, sign_manifest
from edge.evidence.pieces import FragmentPiece, MandateName, Piece, Span
from edge.evidence.request import ClipRequest
from edge.mandate.keys import SigningKey, get_keyid, make_signing_key
from edge.mandate.trust import Reader as NamedReader
from tests.fakes.mandates import CAMERA, DEVICE

NOW_UTC_MS = 1_790_000_000_000


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who opens clips."""

    private: X25519PrivateKey

    @property
    def raw(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def keyid(self) -> str:
        return get_keyid(self.raw)

    @property
    def named(self) -> NamedReader:
        """As a trust file names it."""
        return NamedReader("control-room", self.keyid, self.raw)


def make_reader() -> Reader:
    return Reader(X25519PrivateKey.generate())


def make_request(**changes: object) -> ClipRequest:
    """A request for the minute before NOW, as a good collector makes one."""
    request = ClipRequest(
        clip="pole-1-0001",
        kind="clip",
        device=DEVICE,
        camera=CAMERA,
        from_utc_ms=NOW_UTC_MS - 60_000,
        to_utc_ms=NOW_UTC_MS - 30_000,
        reason="a person was pushed, see the report of 3 May",
        case="2026-0042",
        operator="ada",
        role="operator",
        second_person=None,
        event=None,
        issued_utc_ms=NOW_UTC_MS,
        expires_utc_ms=NOW_UTC_MS + 600_000,
        readers=("ab" * 32,),
        max_minutes_alone=10,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def make_keys(device: str = DEVICE) -> tuple[SigningKey, DeviceKey]:
    """A pole's evidence key, and what the collector keeps of it."""
    key = make_signing_key(device)
    return key, DeviceKey(device, key.public.raw, NOW_UTC_MS)


@dataclass(frozen=True, slots=True)
class FakeClip:
    """A header and fragments of random bytes in place of an MP4, and what the pole says of it."""

    header: bytes
    fragments: tuple[bytes, ...]
    manifest: Manifest
    envelope: bytes
    key: DeviceKey

    @property
    def mp4(self) -> bytes:
        return self.header + b"".join(self.fragments)


def make_clip(*sizes_bytes: int, keys: tuple[SigningKey, DeviceKey] | None = None) -> FakeClip:
    """A clip with fragments of these sizes, 2 s each."""
    signing, device_key = keys or make_keys()
    header = os.urandom(50)
    fragments = tuple(os.urandom(size_bytes) for size_bytes in sizes_bytes)
    mp4 = header + b"".join(fragments)
    manifest = Manifest(
        request=make_request(device=device_key.device),
        request_sha256=bytes(32),
        mandate=MandateName(3, "bench", bytes(32)),
        header=Piece(len(header), hashlib.sha256(header).digest()),
        fragments=tuple(
            FragmentPiece(
                seq=number,
                size_bytes=len(fragment),
                sha256=hashlib.sha256(fragment).digest(),
                first_utc_ms=NOW_UTC_MS + 2_000 * number,
                duration_ms=1_960,
                clock_error_ms=12,
            )
            for number, fragment in enumerate(fragments, 41)
        ),
        spans=(Span(41, "kernel_ntp", 3),),
        gaps=(),
        chain_before=bytes(32),
        chain_after=bytes(32),
        mp4_bytes=len(mp4),
        sealed_bytes=len(mp4),
        sealed_blake3=bytes(32),
        readers=("ab" * 32,),
        software="0.1.0",
        made_utc_ms=NOW_UTC_MS,
        made_clock_error_ms=12,
    )
    envelope = sign_manifest(manifest, signing)
    return FakeClip(header, fragments, manifest, envelope, device_key)
