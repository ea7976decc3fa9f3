"""What parent and capture child say to each other: one order, one failure, as JSON."""

import json
from dataclasses import asdict, dataclass
from typing import TypedDict

from edge.eye.camera.facts import LossReason
from edge.site.model import Camera, Mask, Recording

LONGEST_MESSAGE_BYTES = 65536


class _MaskFields(TypedDict):
    name: str
    polygon_frac: list[tuple[float, float]]


class _CameraFields(TypedDict):
    name: str
    source: str
    analysis_fps: float
    analysis_width_px: int
    recording: Recording | None
    masks: list[_MaskFields]


class _OrderFields(TypedDict):
    camera: _CameraFields
    stall_seconds: float
    is_looped: bool
    ring_socket: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """Open this camera and capture until it fails.

    ring_socket: where the vault takes packets; None: there is no vault.
    """

    camera: Camera
    stall_seconds: float
    is_looped: bool
    ring_socket: str | None = None

    def to_json(self) -> bytes:
        """The bytes of one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, message: bytes) -> "Order":
        """Read what `to_json` wrote."""
        fields: _OrderFields = json.loads(message)
        camera = fields["camera"]
        masks = tuple(
            Mask(mask["name"], tuple((x, y) for x, y in mask["polygon_frac"]))
            for mask in camera["masks"]
        )
        return cls(
            Camera(
                name=camera["name"],
                source=camera["source"],
                analysis_fps=camera["analysis_fps"],
                analysis_width_px=camera["analysis_width_px"],
                recording=camera["recording"],
                masks=masks,
            ),
            fields["stall_seconds"],
            fields["is_looped"],
            fields["ring_socket"],
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the capture stopped, in words that may be shown."""

    reason: LossReason
    what: str
    hint: str | None

    def to_json(self) -> bytes:
        """The bytes of one message."""
        return json.dumps([self.reason.value, self.what, self.hint]).encode()

    @classmethod
    def from_json(cls, message: bytes) -> "Failure":
        """Read what `to_json` wrote."""
        reason, what, hint = json.loads(message)
        return cls(LossReason(reason), str(what), None if hint is None else str(hint))
