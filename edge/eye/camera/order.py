"""What parent and capture child say to each other: orders, a switch, one failure, as JSON."""

import json
from dataclasses import asdict, dataclass
from typing import TypedDict

from edge.eye.camera.facts import LossReason
from edge.site.model import Camera, Mask, Recording
from edge.wire.packets import StreamRules

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


class _RulesFields(TypedDict):
    camera_sha256: str
    site_sha256: str


class _DoorFields(TypedDict):
    socket: str
    rules: _RulesFields


class _OrderFields(TypedDict):
    camera: _CameraFields
    stall_seconds: float
    is_looped: bool
    ring: _DoorFields | None


@dataclass(frozen=True, slots=True)
class RingDoor:
    """Where the vault takes a camera's packets, and the rules that they are made under.

    The vault compares the rules with the mandate's: what is sent says itself which masks it has.
    """

    socket: str
    rules: StreamRules


@dataclass(frozen=True, slots=True)
class Switch:
    """From now on packets go to the vault, or do not; at first they do not."""

    may_record: bool

    def to_json(self) -> bytes:
        """The bytes of one message."""
        return json.dumps(self.may_record).encode()


@dataclass(frozen=True, slots=True)
class Order:
    """Open this camera and capture until it fails.

    ring: where the vault takes packets; None: there is no vault.
    """

    camera: Camera
    stall_seconds: float
    is_looped: bool
    ring: RingDoor | None = None

    def to_json(self) -> bytes:
        """The bytes of one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_fields(cls, fields: _OrderFields) -> "Order":
        """Read what `to_json` wrote."""
        ring = fields["ring"]
        door = ring and RingDoor(ring["socket"], StreamRules(**ring["rules"]))
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
            door,
        )


def read_message(message: bytes) -> Order | Switch:
    """What the parent said."""
    said: bool | _OrderFields = json.loads(message)
    return Switch(said) if isinstance(said, bool) else Order.from_fields(said)


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
