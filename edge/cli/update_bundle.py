"""A bundle with its build's manifest: compared before a byte is sent, then sent where it stands."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import voice
from edge.cli.named_files import read_file, unusable
from edge.cli.operator_channel import ANSWER_WITHIN_SECONDS
from edge.cli.progress import Report, show_progress
from edge.errors import Kind, VigieError
from edge.wire.v1 import rollout_pb2

if TYPE_CHECKING:
    from edge.wire.v1.rollout_pb2_grpc import UpdateDeskServiceStub

PIECE_BYTES = 65_536
MAX_MANIFEST_BYTES = 1 << 20
MANIFEST_SUFFIX = ".manifest.json"
_BLOCK_BYTES = 1 << 20


def read_bundle(path: Path) -> rollout_pb2.Bundle:
    """What the manifest beside a bundle says of it, once the bundle is found to be just that.

    Raises VigieError: NOT_FOUND without either file; INVALID_ARGUMENT for a bundle that was cut or
    changed after its build, or a manifest of another.
    """
    manifest = path.with_suffix(MANIFEST_SUFFIX)
    described = _describe(path, read_file(manifest, MAX_MANIFEST_BYTES), manifest)
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                size_bytes += len(block)
    except OSError as error:
        raise unusable(error, path) from error
    if size_bytes != described.size_bytes:
        raise _other(path, f"it has {size_bytes} bytes, its build made {described.size_bytes}")
    if digest.digest() != described.sha256:
        raise _other(path, "its bytes are others than its build made")
    return described


def send_bundle(
    speaker: voice.Voice, desk: "UpdateDeskServiceStub", path: Path, bundle: rollout_pb2.Bundle
) -> None:
    """Bring the bundle to the collector; one that is there, or half there, is not sent again."""
    offer = rollout_pb2.OfferBundleRequest(bundle=bundle)
    stored_bytes = desk.OfferBundle(offer, timeout=ANSWER_WITHIN_SECONDS).stored_bytes
    with show_progress(speaker, f"sending {path.name}", "bytes") as tell:
        desk.SendBundle(_pieces(path, bundle, stored_bytes, tell))


def _pieces(
    path: Path, bundle: rollout_pb2.Bundle, offset_bytes: int, tell: Report
) -> Iterator[rollout_pb2.SendBundleRequest]:
    """From a place on; an empty last one, so that a bundle that is all there is looked at."""
    with path.open("rb") as file:
        file.seek(offset_bytes)
        while True:
            piece = file.read(PIECE_BYTES)
            yield rollout_pb2.SendBundleRequest(
                bundle_sha256=bundle.sha256, offset_bytes=offset_bytes, piece=piece
            )
            if not piece:
                return
            offset_bytes += len(piece)
            tell(offset_bytes, bundle.size_bytes)


def _describe(path: Path, text: bytes, manifest: Path) -> rollout_pb2.Bundle:
    try:
        record = json.loads(text)
        file = record["files"][path.name]
        return rollout_pb2.Bundle(
            sha256=bytes.fromhex(file["sha256"]),
            size_bytes=file["size_bytes"],
            version=record["version"],
            board=record["board"],
        )
    except (ValueError, KeyError, TypeError, RecursionError) as missing:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"this manifest does not describe {path.name}",
            where=str(manifest),
            hint="Give the bundle and the manifest as one build wrote them, side by side.",
        ) from missing


def _other(path: Path, why: str) -> VigieError:
    return VigieError(
        Kind.INVALID_ARGUMENT,
        f"this is not the bundle of its manifest: {why}",
        where=str(path),
        hint="Copy the bundle and its manifest again from the build.",
    )
