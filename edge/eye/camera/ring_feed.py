"""How one camera's video reaches the vault: as it comes, encoded once, or not at all.

A masked camera's own packets never leave this process: they hold what the masks hide. Its
pictures are encoded anew after the masks were burned in, where the site file asks for that, and
otherwise nothing is recorded.
"""

from collections.abc import Callable
from pathlib import Path

from edge.clock import Clock
from edge.eye.camera.encoder import Encoder
from edge.eye.camera.mask import MaskBurner
from edge.eye.camera.order import RingDoor
from edge.eye.camera.ring_line import RingLine
from edge.eye.camera.source import Address, PacketSink, Picture
from edge.site.model import Camera, get_recording
from edge.wire.packets import SourceKind


class RingFeed:
    """One opening of one camera. Belongs to one thread."""

    def __init__(
        self,
        camera: Camera,
        address: Address,
        door: RingDoor | None,
        may_record: Callable[[], bool],
        clock: Clock,
    ) -> None:
        """Feed the vault behind a door while it may be; None: there is no vault."""
        recording = get_recording(camera)
        self._encodes = recording == "masked"
        self._masks = MaskBurner(camera.masks)
        self._encoder: Encoder | None = None
        self._line: RingLine | None = None
        if door is None or recording == "none":
            return
        kind = SourceKind.FILE if address.is_replayable else SourceKind.CAMERA
        self._line = RingLine(
            Path(door.socket),
            camera.name,
            clock,
            rules=door.rules,
            may_record=may_record,
            kind=kind,
            is_masked=bool(camera.masks),
        )

    @property
    def sink(self) -> PacketSink | None:
        """Where the source's own packets go; None: nowhere."""
        return None if self._encodes else self._line

    def show(self, picture: Picture, stream_ns: int) -> None:
        """Encode a picture where the source delivers no packets that can be kept.

        stream_ns: grows from picture to picture, over all rounds of a recording. Raises:
        CameraError.
        """
        if self._line is None or (self._encoder is None and self._line.has_begun):
            return
        planes = self._masks.burn(picture.develop())
        height_px, width_px = planes.luma.shape
        if self._encoder is None or self._encoder.size_px != (width_px, height_px):
            self._encoder = Encoder(width_px, height_px)
            self._line.begin(self._encoder.format)
        for packet in self._encoder.encode(planes, stream_ns):
            self._line.take(packet)

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
