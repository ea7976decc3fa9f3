"""What no room may do: one list, tried behind namespaces (test_walls) and under systemd (image)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.wire.clip_talk import clips_socket_path, outgoing_folder
from edge.wire.eye_status import eye_status_path
from edge.wire.packets import packet_socket

ROOMS = ("eye", "vault", "link")
# No packet leaves the machine: the address is one for documents (RFC 5737).
ELSEWHERE = "192.0.2.1:443"
# How, and at what.
Attempt = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a pole's things are. data: the rooms'. pids: of the running rooms, by name."""

    data: Path
    camera: Path
    film: Path
    key: Path
    segment: Path
    collector: str
    program: Path
    site: Path
    pids: Mapping[str, int]


def list_attempts(ground: Ground, room: str) -> dict[str, Attempt]:
    """What a room tries. One row is one wall; a room's own business is left out of its table."""
    data = ground.data
    tried: dict[str, tuple[str, object]] = {
        "the camera": ("open device", ground.camera),
        "the film that stands for it": ("read", ground.film),
        "a file of the ring": ("read", ground.segment),
        "the ring's index": ("read", data / "vault" / "ring.db"),
        "a day's key": ("read", ground.key),
        "the evidence key": ("read", data / "vault" / "evidence.pem"),
        "the link's TLS key": ("read", data / "identity" / "key.pem"),
        "the vault's door for packets": ("call", packet_socket(data)),
        "the vault's door for clips": ("call", clips_socket_path(data)),
        "the collector": ("connect", ground.collector),
        "somebody else": ("connect", ELSEWHERE),
        "the trust file, changed": ("write", data / "trust.json"),
        "the pole's name, changed": ("write", data / "device"),
        "a mandate, delivered": ("write", data / "mandate" / "incoming-999999.json"),
        "the eye's mandate, changed": ("write", data / "eye" / "mandate.json"),
        "the eye's status, changed": ("write", eye_status_path(data)),
        "a file among the ring": ("write", data / "vault" / "planted"),
        "a file among the sealed": ("write", outgoing_folder(data) / "planted"),
        "a file among the identity": ("write", data / "identity" / "planted"),
        "another door": ("write", data / "doors" / "planted"),
        "the data folder": ("write", data / "planted"),
        "the program": ("write", ground.program / "planted"),
        "the site file, changed": ("write", ground.site),
        "root": ("become", 0),
    }
    for neighbour in ROOMS:
        if neighbour != room:
            pid = ground.pids[neighbour]
            tried |= {
                f"the {neighbour}, traced": ("trace", pid),
                f"the {neighbour}, signalled": ("signal", pid),
                f"the {neighbour}'s memory": ("read", f"/proc/{pid}/mem"),
                f"the {neighbour}'s environment": ("read", f"/proc/{pid}/environ"),
                # Frames lie in memory without a name, so this is where they would be found.
                f"the {neighbour}'s open files": ("read", f"/proc/{pid}/fd"),
            }
    own = OWN_BUSINESS[room]
    return {name: (how, str(target)) for name, (how, target) in tried.items() if name not in own}


OWN_BUSINESS = {
    "eye": {
        "the camera", "the film that stands for it", "the vault's door for packets",
        "the eye's mandate, changed", "the eye's status, changed",
    },
    "vault": {
        "a file of the ring", "the ring's index", "a day's key", "the evidence key",
        "the vault's door for packets", "the vault's door for clips", "a file among the ring",
        "a file among the sealed",
    },
    "link": {
        "the link's TLS key", "the vault's door for clips", "the collector", "somebody else",
        "a mandate, delivered", "a file among the identity",
    },
}  # fmt: skip
