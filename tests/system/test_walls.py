"""Three rooms behind real walls: they work across them, and nothing forbidden is possible."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.demo.showing import Showing
from edge.wire.eye_status import eye_status_path
from edge.wire.packets import packet_socket
from tests.system.forbidden import ROOMS, Ground, list_attempts
from tests.system.walls import Walls, walls_at_work, why_not

pytestmark = [pytest.mark.xdist_group("walls"), pytest.mark.timeout(900)]
CLIP_SECONDS = 60.0


@pytest.fixture(scope="module")
def walls(repository: Path) -> Iterator[Walls]:
    """A pole that sees, records and reports; its first clip is made by the test below."""
    if reason := why_not():
        pytest.skip(reason)
    with walls_at_work(repository) as built:
        yield built


def test_events_and_clips_pass_where_they_should(walls: Walls) -> None:
    """Eye to collector through the spool; packets to the ring; the ring to a reader, sealed."""
    showing = Showing(walls.city, walls.base / "clips", walls.said.append)
    showing.begin(walls.signals()[0])
    showing.finish(CLIP_SECONDS)
    assert showing.clip is not None, (walls.said, walls.logs())
    assert showing.clip.is_verified
    assert showing.clip.mp4_bytes > 0


def ground_of(walls: Walls) -> Ground:
    """Where this pole's things are."""
    data = walls.data
    return Ground(
        data=data,
        camera=walls.camera_device,
        film=walls.film,
        key=next((data / "vault" / "keys").rglob("*.key")),
        segment=next((data / "vault" / "ring").rglob("*.seg")),
        collector=walls.room.read_addresses()["sessions"],
        program=walls.base / "program",
        site=walls.site,
        pids={name: walls.pid(name) for name in ROOMS},
    )


def errno_for(name: str, how: str) -> str:
    """What must answer an attempt here: modes, namespaces and missing powers."""
    if name in {"the collector", "somebody else"}:
        return "ENETUNREACH"
    return "EPERM" if how in {"become", "trace", "signal"} else "EACCES"


@pytest.mark.parametrize("room", ROOMS)
def test_from_inside_a_room_every_forbidden_thing_fails(walls: Walls, room: str) -> None:
    tried = list_attempts(ground_of(walls), room)
    came_to = walls.inside(room, "tests.system.walls_probe", list(tried.values()))
    outcomes = dict(zip(tried, came_to, strict=True))
    print(f"{room}: {len(tried)} forbidden things tried")
    assert outcomes == {name: errno_for(name, how) for name, (how, _) in tried.items()}


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
