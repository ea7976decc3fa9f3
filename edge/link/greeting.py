"""Hello and welcome: which version is spoken, and which welcome cannot be true of us."""

from dataclasses import dataclass

from edge.errors import Kind, VigieError
from edge.link.dialogue import Holdings
from edge.service.image import Image
from edge.wire.v1 import session_pb2

WIRE_VERSION = 1
OLDEST_WIRE_VERSION = 1
MAX_WINDOW_BATCHES = 64
UPDATE_BOTH = "Update the collector and the device to the same release."


class PeerError(VigieError):
    """The collector said something that cannot be; the stream is ended."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who says hello. image: None: this machine runs none."""

    device: str
    software: str
    image: Image | None = None

    def make_hello(self, holdings: Holdings) -> session_pb2.Hello:
        """The first message of a stream."""
        return session_pb2.Hello(
            wire_version=WIRE_VERSION,
            device=self.device,
            epoch=holdings.epoch,
            software=self.software,
            last_seq=holdings.last_seq,
            first_pending_seq=holdings.first_pending_seq,
            slot=self.image.slot if self.image else "",
            image=self.image.version if self.image else "",
            board=self.image.board if self.image else "",
        )


def check_welcome(welcome: session_pb2.Welcome, holdings: Holdings) -> None:
    """Refuse a welcome that cannot be true of us.

    Raises:
        PeerError: another protocol, a window out of range, or seqs that were never given.

    """
    if not OLDEST_WIRE_VERSION <= welcome.wire_version <= WIRE_VERSION:
        raise PeerError(
            Kind.FAILED_PRECONDITION,
            f"the collector speaks version {welcome.wire_version} of the session, "
            f"this device speaks {OLDEST_WIRE_VERSION} to {WIRE_VERSION}",
            hint="Update the older of the two.",
        )
    if not 1 <= welcome.window_batches <= MAX_WINDOW_BATCHES:
        raise PeerError(
            Kind.INTERNAL,
            f"the collector offers a window of {welcome.window_batches} batches, "
            f"allowed are 1 to {MAX_WINDOW_BATCHES}",
            hint=UPDATE_BOTH,
        )
    if welcome.stored_seq > holdings.last_seq:
        raise PeerError(
            Kind.FAILED_PRECONDITION,
            f"the collector has seq {welcome.stored_seq} of this epoch, "
            f"but the spool only ever gave {holdings.last_seq}",
            hint="Another device uses this identity, or the spool was restored from a copy. "
            "Revoke the device and enrol it again.",
        )
