"""An image on disk: what the manifest beside it says, and its bytes, unpacked on the way.

`NAME.manifest.json` is written by the image build beside `NAME.img` or `NAME.img.xz`; whether the
fleet signed it is asked where the fleet's key is at hand (`signature.py`).
"""

import hashlib
import lzma
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge.errors import Kind
from edge.flash.problem import FlashError
from edge.flash.signature import MANIFEST_SUFFIX, MAX_MANIFEST_BYTES, check_manifest
from edge.mandate.keys import PublicKey
from edge.provision.keys import load_public
from edge.provision.problem import ProvisionError
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

CHUNK_BYTES = 4 * 1024 * 1024
SECTOR_BYTES = 512
MAX_IMAGE_BYTES = 1 << 40
_PLAIN, _PACKED = ".img", ".xz"
_FETCH_AGAIN = "Fetch the image and its manifest again, from the same build."

Report = Callable[[int, int | None], None]


class ManifestError(ProblemsError):
    """The manifest beside an image cannot be taken."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the build. size_bytes, sha256: unpacked; board: which it is for.

    provision_key: whose provisioning files its poles believe.
    """

    path: Path
    size_bytes: int
    sha256: str
    board: str
    provision_key: PublicKey

    def read_chunks(self) -> Iterator[bytes]:
        """Its bytes, CHUNK_BYTES at a time. Raises FlashError(DATA_LOSS) where it is damaged."""
        left = self.size_bytes
        try:
            with _open(self.path) as file:
                while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                    left -= len(chunk)
                    yield chunk
                is_longer = not left and bool(file.read(1))
        except (lzma.LZMAError, EOFError) as error:
            raise self._damaged(f"it cannot be unpacked ({error})") from error
        except OSError as error:
            raise self._damaged(f"it cannot be read ({error.strerror})") from error
        if left or is_longer:
            raise self._damaged(f"it is {'longer' if is_longer else 'shorter'} than that")

    def check(self, report: Report) -> None:
        """Read it once. Raises FlashError(DATA_LOSS) unless it is what the manifest says."""
        digest, done = hashlib.sha256(), 0
        for chunk in self.read_chunks():
            digest.update(chunk)
            done += len(chunk)
            report(done, self.size_bytes)
        self.check_digest(digest.hexdigest())

    def check_digest(self, found: str) -> None:
        """Raises FlashError(DATA_LOSS) for another SHA-256 than the manifest's."""
        if found != self.sha256:
            raise self._damaged(f"its sha256 is {found[:16]}…, not {self.sha256[:16]}…")

    def _damaged(self, why: str) -> FlashError:
        return FlashError(
            Kind.DATA_LOSS,
            f"the image is not what its manifest says: {why}",
            where=str(self.path),
            hint=_FETCH_AGAIN,
        )


def load_image(path: Path, fleet: PublicKey | None = None) -> Image:
    """An image by the manifest beside it, of which nothing is read yet.

    fleet: the key that must have signed the manifest; None: nobody is asked. Raises VigieError.
    """
    _check_file(path)
    name = path.name.removesuffix(_PACKED)
    beside = path.with_name(name.removesuffix(_PLAIN) + MANIFEST_SUFFIX)
    try:
        with beside.open("rb") as file:
            received = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise FlashError(
            Kind.NOT_FOUND,
            f"the image's manifest cannot be read ({error.strerror})",
            where=str(beside),
            hint="Put it beside the image: it says which bytes are the image's.",
        ) from error
    if fleet is not None:
        check_manifest(received, beside, fleet)
    try:
        image = _read_manifest(received, path, name)
    except ManifestError as error:
        raise ManifestError(
            error.kind, error.what, where=str(beside), hint=_FETCH_AGAIN, problems=error.problems
        ) from None
    if fleet is not None and image.provision_key.raw != fleet.raw:
        raise FlashError(
            Kind.PERMISSION_DENIED,
            "the image believes another key than the fleet's",
            where=str(beside),
            hint="Build it with the fleet's own provision.pub.",
        )
    return image


def load_manifest(received: bytes, path: Path) -> PublicKey:
    """Whose files the poles of a manifest's image believe. Raises ManifestError with its path."""
    if not path.name.endswith(MANIFEST_SUFFIX):
        what = "this is no image's manifest: NAME.manifest.json is"
        raise ManifestError(Kind.INVALID_ARGUMENT, what, where=str(path))
    fields = Fields(_parse(received))
    key = _read_key(fields)
    try:
        fields.raise_problems(ManifestError)
    except ManifestError as error:
        raise ManifestError(
            error.kind, error.what, where=str(path), hint=_FETCH_AGAIN, problems=error.problems
        ) from None
    return key


def _parse(received: bytes) -> dict[str, object]:
    return parse_object(
        received, what="the manifest", max_bytes=MAX_MANIFEST_BYTES, refusal=ManifestError
    )


def _read_manifest(received: bytes, path: Path, name: str) -> Image:
    fields = Fields(_parse(received))
    fact = fields.inner("files").inner(name)
    image = Image(
        path=path,
        size_bytes=fact.whole("size_bytes", least=SECTOR_BYTES, most=MAX_IMAGE_BYTES),
        sha256=fact.sha256("sha256"),
        board=fields.name("board"),
        provision_key=_read_key(fields),
    )
    if image.size_bytes % SECTOR_BYTES:
        fact.wrong("size_bytes", f"is {image.size_bytes}, no whole number of sectors")
    fields.raise_problems(ManifestError)
    return image


def _read_key(fields: Fields) -> PublicKey:
    text = fields.text("provision_key", longest=64)
    try:
        return load_public(text.encode())
    except ProvisionError as error:
        if text:
            fields.wrong("provision_key", error.what)
        return PublicKey("", b"")


def _check_file(path: Path) -> None:
    if not path.name.endswith((_PLAIN, _PLAIN + _PACKED)):
        raise FlashError(
            Kind.INVALID_ARGUMENT,
            "images are read as NAME.img or NAME.img.xz",
            where=str(path),
            hint="Unpack it first, if it is packed in another way.",
        )
    if not path.exists():
        raise FlashError(
            Kind.NOT_FOUND,
            "there is no such image",
            where=str(path),
            hint="'make image BOARD=…' builds one.",
        )
    if not path.is_file():
        what = "this is no image file"
        raise FlashError(Kind.INVALID_ARGUMENT, what, where=str(path), hint="Name the .img.xz.")


def _open(path: Path) -> AbstractContextManager[BinaryIO | lzma.LZMAFile]:
    return lzma.open(path) if path.suffix == _PACKED else path.open("rb")
