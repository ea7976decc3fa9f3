"""A bundle in root's hands: taken from the link's folder, measured whole, read by RAUC.

Nothing that the link wrote is believed. The file is moved to a folder that only root writes, made
root's and read-only, and refused while anybody still holds it open for writing.
"""

import fcntl
import hashlib
import json
import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.wire.update_talk import MAX_BUNDLE_BYTES, Offer, Refusal, arrived_path, slots_folder

_CHUNK_BYTES = 1 << 20
_RAUC_SECONDS = 3_600
_MAX_SAID_CHARS = 200
COMPATIBLE = "vigie-"


class UpdateRefusedError(VigieError):
    """An update that is not installed. refusal: the closed word for it."""

    def __init__(self, refusal: Refusal, what: str) -> None:
        super().__init__(Kind.FAILED_PRECONDITION, what)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle's signed manifest says."""

    compatible: str
    version: str


def held_path(data: Path) -> Path:
    """The bundle that root holds."""
    return slots_folder(data) / "bundle.raucb"


def take_bundle(data: Path) -> Path | None:
    """The bundle in root's folder; what the link has left is moved there first. None: none.

    Raises:
        UpdateRefusedError: it is no plain file, or somebody else still writes to it.
        OSError: it cannot be moved.

    """
    arrived, held = arrived_path(data), held_path(data)
    if not os.path.lexists(arrived):
        return held if held.exists() else None
    arrived.replace(held)
    try:
        handle = os.open(held, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        held.unlink(missing_ok=True)
        what = f"what the link left cannot be read ({error.strerror})"
        raise UpdateRefusedError("changed", what) from error
    try:
        _take_over(handle)
    except UpdateRefusedError:
        held.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return held


def check_whole(path: Path, offer: Offer) -> None:
    """Compare size and SHA-256 with the offer. Raises UpdateRefusedError, OSError."""
    size = path.stat().st_size
    if size < offer.bundle_bytes:
        what = f"the bundle has {size} of the {offer.bundle_bytes} bytes that were offered"
        raise UpdateRefusedError("truncated", what)
    if size > MAX_BUNDLE_BYTES:
        raise UpdateRefusedError("no_room", f"the bundle has {size} bytes: more than any may have")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    if size != offer.bundle_bytes or digest.hexdigest() != offer.bundle_sha256:
        raise UpdateRefusedError("changed", "the bundle's SHA-256 is not the one that was offered")


class Rauc:
    """The program. config: RAUC's system.conf, which names the keyring and the slots."""

    def __init__(self, config: Path | None = None, program: str = "rauc") -> None:
        """config: None: RAUC's own place for it."""
        self._words = [program, *([f"--conf={config}"] if config else [])]

    def read_manifest(self, path: Path) -> Manifest:
        """The manifest of a bundle whose signature holds. Raises UpdateRefusedError."""
        done = self._run("info", "--output-format=json", str(path))
        if done.returncode:
            raise UpdateRefusedError("wrong_signature", f"RAUC says: {_last_line(done.stderr)}")
        try:
            said = json.loads(done.stdout)
            return Manifest(str(said["compatible"]), str(said["version"]))
        except (ValueError, KeyError, TypeError) as error:
            what = "the bundle's manifest names no board or no version"
            raise UpdateRefusedError("wrong_board", what) from error

    def install(self, path: Path) -> None:
        """Write the bundle to the slot that does not run. Raises UpdateRefusedError."""
        done = self._run("install", str(path))
        if done.returncode:
            said = _last_line(done.stderr or done.stdout)
            raise UpdateRefusedError("slot_failed", f"RAUC says: {said}")

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                [*self._words, *words],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_RAUC_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UpdateRefusedError("slot_failed", f"RAUC does not run: {error}") from error


def _take_over(handle: int) -> None:
    """Make the file root's alone. A read lease is given only where nobody writes (fcntl(2))."""
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        raise UpdateRefusedError("changed", "what the link left is no plain file")
    os.fchown(handle, os.geteuid(), os.getegid())
    os.fchmod(handle, 0o400)
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError as error:
        raise UpdateRefusedError("changed", "somebody still writes to the bundle") from error


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:_MAX_SAID_CHARS] if lines else "nothing"
