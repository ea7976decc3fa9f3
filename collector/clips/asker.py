"""Who stands at the desk, and what they wish for."""

from dataclasses import dataclass

from collector.rights import Role
from edge.wire.v1 import operator_pb2


@dataclass(frozen=True, slots=True)
class Asker:
    """A person at the desk. who: as the audit writes people."""

    who: str
    role: Role


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. Times in UTC ms.

    event: the stored event it is about; device, camera and times come from it where they are
    empty or 0.
    """

    device: str
    camera: str
    from_utc_ms: int
    to_utc_ms: int
    reason: str
    case: str
    event: operator_pb2.StoredEvent | None = None
    is_still: bool = False
