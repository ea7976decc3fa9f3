"""Three rooms behind real walls: they work across them, and nothing forbidden is possible."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.demo.showing import Showing
from edge.wire.clip_talk import clips_socket_path, outgoing_folder
from edge.wire.eye_status import eye_status_path
from edge.wire.packets import packet_socket
from tests.system.walls import ROOMS, Walls, why_not

pytestmark = [pytest.mark.xdist_group("walls"), pytest.mark.timeout(900)]
# No packet leaves loopback: the address is one for documents (RFC 5737).
ELSEWHERE = "192.0.2.1:443"
CLIP_SECONDS = 60.0


@pytest.fixture(scope="module")
def walls(repository: Path) -> Iterator[Walls]:
    """A pole that sees, records and reports; its first clip is made by the test below."""
    if reason := why_not():
        pytest.skip(reason)
    built = Walls(repository)
    try:
        built.enrol()
        for name in ("vault", "link", "eye"):
            built.start(name)
        built.deliver_mandate()
        built.wait_for_analysis()
        yield built
    finally:
        built.close()


def test_events_and_clips_pass_where_they_should(walls: Walls) -> None:
    """Eye to collector through the spool; packets to the ring; the ring to a reader, sealed."""
    showing = Showing(walls.city, walls.base / "clips", walls.said.append)
    showing.begin(walls.signals()[0])
    showing.finish(CLIP_SECONDS)
    assert showing.clip is not None, (walls.said, walls.logs())
    assert showing.clip.is_verified
    assert showing.clip.mp4_bytes > 0


def attempts(walls: Walls, room: str) -> dict[str, tuple[str, str, str]]:
    """What each room tries: name -> (how, at what, the errno that must answer).

    One row is one wall; rows that are a room's own business are left out of its table.
    """
    data = walls.data
    keys = next((data / "vault" / "keys").rglob("*.key"))
    segment = next((data / "vault" / "ring").rglob("*.seg"))
    tried: dict[str, tuple[str, object, str]] = {
        "the camera": ("open device", walls.camera_device, "EACCES"),
        "the film that stands for it": ("read", walls.film, "EACCES"),
        "a file of the ring": ("read", segment, "EACCES"),
        "the ring's index": ("read", data / "vault" / "ring.db", "EACCES"),
        "a day's key": ("read", keys, "EACCES"),
        "the evidence key": ("read", data / "vault" / "evidence.pem", "EACCES"),
        "the link's TLS key": ("read", data / "identity" / "key.pem", "EACCES"),
        "the vault's door for packets": ("call", packet_socket(data), "EACCES"),
        "the vault's door for clips": ("call", clips_socket_path(data), "EACCES"),
        "the collector": ("connect", walls.room.read_addresses()["sessions"], "ENETUNREACH"),
        "somebody else": ("connect", ELSEWHERE, "ENETUNREACH"),
        "the trust file, changed": ("write", data / "trust.json", "EACCES"),
        "the pole's name, changed": ("write", data / "device", "EACCES"),
        "a mandate, delivered": ("write", data / "mandate" / "incoming-999999.json", "EACCES"),
        "the eye's mandate, changed": ("write", data / "eye" / "mandate.json", "EACCES"),
        "the eye's status, changed": ("write", eye_status_path(data), "EACCES"),
        "a file among the ring": ("write", data / "vault" / "planted", "EACCES"),
        "a file among the sealed": ("write", outgoing_folder(data) / "planted", "EACCES"),
        "a file among the identity": ("write", data / "identity" / "planted", "EACCES"),
        "another door": ("write", data / "doors" / "planted", "EACCES"),
        "the data folder": ("write", data / "planted", "EACCES"),
        "the program": ("write", walls.base / "program" / "planted", "EACCES"),
        "the site file, changed": ("write", walls.site, "EACCES"),
        "root": ("become", 0, "EPERM"),
    }
    for neighbour in ROOMS:
        if neighbour != room:
            pid = walls.pid(neighbour)
            tried |= {
                f"the {neighbour}, traced": ("trace", pid, "EPERM"),
                f"the {neighbour}, signalled": ("signal", pid, "EPERM"),
                f"the {neighbour}'s memory": ("read", f"/proc/{pid}/mem", "EACCES"),
                f"the {neighbour}'s environment": ("read", f"/proc/{pid}/environ", "EACCES"),
                # Frames lie in memory without a name, so this is where they would be found.
                f"the {neighbour}'s open files": ("read", f"/proc/{pid}/fd", "EACCES"),
            }
    own = OWN_BUSINESS[room]
    return {
        name: (how, str(target), expected)
        for name, (how, target, expected) in tried.items()
        if name not in own
    }


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


@pytest.mark.parametrize("room", ROOMS)
def test_from_inside_a_room_every_forbidden_thing_fails(walls: Walls, room: str) -> None:
    tried = attempts(walls, room)
    asked = [(how, target) for how, target, _ in tried.values()]
    came_to = walls.inside(room, "tests.system.walls_probe", asked)
    outcomes = dict(zip(tried, came_to, strict=True))
    print(f"{room}: {len(tried)} forbidden things tried")
    assert outcomes == {name: expected for name, (_, _, expected) in tried.items()}


def test_a_room_can_do_its_own_business_so_that_a_refusal_means_something(walls: Walls) -> None:
    data = walls.data
    own: dict[str, list[tuple[str, object]]] = {
        "eye": [("open device", walls.camera_device), ("call", packet_socket(data))],
        "vault": [("read", data / "vault" / "evidence.pem"), ("read", data / "trust.json")],
        "link": [
            ("read", data / "identity" / "key.pem"),
            ("read", eye_status_path(data)),
            ("connect", walls.room.read_addresses()["sessions"]),
        ],
    }
    for room, asked in own.items():
        told = [(how, str(target)) for how, target in asked]
        assert walls.inside(room, "tests.system.walls_probe", told) == ["done"] * len(told), room


def test_every_room_runs_without_powers_and_eye_and_vault_without_interfaces(walls: Walls) -> None:
    for room in ROOMS:
        status = Path(f"/proc/{walls.pid(room)}/status").read_text()
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert set(facts["Uid"].split()) == {str(walls.number(room))}
        assert facts["NoNewPrivs"] == "1"
        assert {facts[name] for name in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
        lines = Path(f"/proc/{walls.pid(room)}/net/route").read_text().splitlines()
        assert len(lines) <= 1 or room == "link", "a heading and no route"


def test_no_room_can_make_memory_executable_and_all_run_so(walls: Walls) -> None:
    """As MemoryDenyWriteExecute: the other tests here show that LiteRT, numpy and cffi live so."""
    if tuple(int(part) for part in os.uname().release.split(".")[:2]) < (6, 3):
        pytest.skip("this kernel has no PR_SET_MDWE: Linux 6.3")
    made = [("make executable", 0)]
    for room in ROOMS:
        assert walls.inside(room, "tests.system.walls_probe", made) == ["EACCES"], room
