"""Whom this collector believes, and what it signs itself: the trust file and the clip key.

The authority makes the trust file offline; the collector only keeps it and hands it to poles that
enrol. The clip key is made here: it signs clip requests and the time, and nothing that would let
a pole detect or record.
"""

from pathlib import Path

from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.mandate.kernel_clock import ReadKernelClock
from edge.mandate.keys import SigningKey, load_private_pem, make_signing_key, write_private_pem
from edge.mandate.time_statement import sign_time
from edge.mandate.trust import Trust, load_trust
from edge.whole_file import write_private
from edge.wire.v1 import session_pb2

CLIP_KEY_NAME = "collector"
VOUCHED_ERROR_MS = 500
"""What whoever runs a collector vouches for where its kernel says nothing of the clock."""
LEAST_ERROR_MS = 20
"""A time service may tell its kernel 0 after each answer (systemd-timesyncd does); no answer that
came over a network is so sure."""
_KEY_FILE = "clip-key.pem"
_TRUST_FILE = "trust.json"


class Trusted:
    """The two files of one collector. Belongs to the event loop."""

    def __init__(self, folder: Path, clock: Clock, kernel: ReadKernelClock) -> None:
        """Read both files; the key is made when there is none. kernel: says how right the clock is.

        Raises VigieError when one of them is damaged or cannot be written.
        """
        self._folder = folder
        self._clock = clock
        self._kernel = kernel
        self.clip_key = _ensure_key(folder / _KEY_FILE)
        self._text = _read_trust(folder / _TRUST_FILE)
        self.trust = load_trust(self._text) if self._text else None

    @property
    def text(self) -> str:
        """The trust file as poles are given it; empty: the authority has not said yet."""
        return self._text.decode()

    def check(self, text: str) -> Trust:
        """The trust of a file that could be taken.

        Raises VigieError: INVALID_ARGUMENT for what is no trust file; FAILED_PRECONDITION for
        one that names another collector's clip key.
        """
        trust = load_trust(text)
        if trust.clip_key is not None and trust.clip_key.keyid != self.clip_key.public.keyid:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "the trust file names the clip key of another collector",
                hint="Make it anew with the clip key that 'vigie collector clip-key' prints.",
            )
        return trust

    def take(self, text: str) -> None:
        """Keep a trust file that was checked and whose taking is audited."""
        trust = self.check(text)
        write_private(self._folder / _TRUST_FILE, text.encode())
        self._text, self.trust = text.encode(), trust

    def require(self) -> Trust:
        """The trust, or VigieError(FAILED_PRECONDITION) that says how to get one."""
        if self.trust is None:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                "this collector has no trust file: nobody's mandates are believed yet",
                hint="Let the authority make one ('vigie mandate trust'), then run "
                "'vigie collector trust FILE'.",
            )
        return self.trust

    def state_time(self, device: str, nonce: bytes) -> session_pb2.TimeStatement:
        """The time, signed for one device and one question.

        Raises VigieError(INVALID_ARGUMENT) for a nonce of another length.
        """
        utc_ms = self._clock.utc_ns() // 1_000_000
        try:
            answer = sign_time(
                device, nonce, utc_ms=utc_ms, error_ms=self._error_ms(), key=self.clip_key
            )
        except ValueError as wrong:
            raise VigieError(
                Kind.INVALID_ARGUMENT, f"device {device} asked for the time wrongly: {wrong}"
            ) from wrong
        return session_pb2.TimeStatement(
            nonce=answer.nonce,
            utc_ms=answer.utc_ms,
            error_ms=answer.error_ms,
            signature=answer.signature,
        )

    def _error_ms(self) -> int:
        """The largest error of this machine's clock, as far as anybody says."""
        known = self._kernel()
        if not known.is_synchronised:
            return VOUCHED_ERROR_MS
        return max(LEAST_ERROR_MS, -(-known.max_error_us // 1000))


def read_clip_key(folder: Path) -> SigningKey:
    """The clip key of a collector's authority folder.

    Raises VigieError: NOT_FOUND before the collector ran for the first time; DATA_LOSS.
    """
    if not (folder / _KEY_FILE).exists():
        raise VigieError(
            Kind.NOT_FOUND,
            "there is no clip key here yet",
            where=str(folder / _KEY_FILE),
            hint="Start the collector once: 'vigie collector run --data DIR'.",
        )
    return _read_key(folder / _KEY_FILE)


def _ensure_key(path: Path) -> SigningKey:
    if path.exists():
        return _read_key(path)
    key = make_signing_key(CLIP_KEY_NAME)
    write_private(path, write_private_pem(key))
    return key


def _read_key(path: Path) -> SigningKey:
    try:
        return load_private_pem(CLIP_KEY_NAME, path.read_bytes())
    except (OSError, VigieError) as broken:
        raise VigieError(
            Kind.DATA_LOSS,
            "the clip key cannot be read",
            where=str(path),
            hint="Restore it from a copy: poles believe only this key.",
        ) from broken


def _read_trust(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
