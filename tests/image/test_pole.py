"""One pole's story on a real image: from the technician's card to a clip.

The tests are chapters: each begins where the one before ended, in the order of this file. The
story goes on in `test_pole_update.py` and `test_pole_withstands.py`.
"""

import base64
import json
from pathlib import Path

import pytest

from edge.demo.showing import Showing
from tests.image.bench import WORK_SECONDS, AtWork
from tests.image.conftest import DEVICE
from tests.image.desk import HOST, Desk, is_of_a_rule
from tests.image.film import FILM, MOUNT
from tests.image.life import Life
from tests.system.forbidden import OWN_BUSINESS, ROOMS, Attempt, Ground, list_attempts

pytestmark = [pytest.mark.image, pytest.mark.timeout(3600)]
CLIP_SECONDS = 600.0
# The first start makes partitions, keys and a certificate in its first minute.
FIRST_START_SECONDS = 60.0
FIRST_CUT = 5
# The file is in base64, so no word of it is looked for but what each of its sectors held.
SECTOR_BYTES, PIECE_BYTES = 512, 24
UNITS = ("state", "first-boot", "clock", "unlock", "eye", "vault", "link")


def test_the_power_goes_while_a_card_starts_for_the_first_time(desk: Desk, life: Life) -> None:
    assert life.pole.card.read_file("sel", "vigie/provision.json") == desk.file_of(DEVICE)
    life.switch_on()
    life.lose_power_within(FIRST_CUT, FIRST_START_SECONDS)


def test_a_fresh_card_becomes_a_pole_whose_event_and_clip_reach_the_control_room(
    desk: Desk, life: Life
) -> None:
    for words in ("volume_mounted volume=state", "volume_mounted volume=data", "link_welcomed"):
        life.hear(words).note(words)
    at_work = life.now
    desk.deliver_mandate(DEVICE)
    at_work.running.wait_for("Reached target multi-user.target", seconds=WORK_SECONDS)
    at_work.note("all rooms run")
    event = desk.arrivals.wait_for(is_of_a_rule, "an event of a rule", seconds=WORK_SECONDS)
    at_work.note(f"an event is at the collector: {event['rule']}")
    said: list[str] = []
    showing = Showing(desk.city, desk.folder / "clips", said.append)
    showing.begin(event)
    showing.finish(CLIP_SECONDS)
    assert showing.clip is not None, said
    assert showing.clip.is_verified
    at_work.note(f"its clip is verified: {showing.clip.mp4_bytes} bytes")


def test_the_token_is_gone_from_the_card_and_both_partitions_are_sealed(
    desk: Desk, life: Life
) -> None:
    pole, at_work = life.pole, life.now
    for name, place in (("state", "/state"), ("data", "/var/lib/vigie")):
        assert at_work.shell.run(f"findmnt -n -o SOURCE {place}") == f"/dev/mapper/vigie-{name}"
    assert pole.card.read_file("sel", "vigie/provision.json") is None
    assert pole.card.read_file("sel", "vigie/report.txt") is None
    parts = pole.card.partitions()
    file = desk.file_of(DEVICE)
    pieces = [file[at : at + PIECE_BYTES] for at in range(0, len(file), SECTOR_BYTES)]
    with pole.card.path.open("rb") as disk:
        for name in ("state", "data"):
            disk.seek(parts[name].start_bytes)
            assert disk.read(6) == b"LUKS\xba\xbe", name
        disk.seek(parts["sel"].start_bytes)
        left = disk.read(parts["sel"].size_bytes)
    assert [piece for piece in pieces if piece in left] == [], "free blocks still hold it"


def test_the_card_shows_no_frame_no_event_and_no_key(life: Life) -> None:
    """All that is ever written, byte by byte, for what the running pole certainly holds."""
    pole, shell, data = life.pole, life.now.shell, "/var/lib/vigie/pole"
    shell.run("sync")
    marks = {
        "an event's rule": b"somebody-there",
        "a database": b"SQLite format 3\0",
        "the pole's name": DEVICE.encode(),
    }
    for what, files in {
        "the link's key": f"{data}/identity/key.pem",
        "the evidence key": f"{data}/vault/evidence.pem",
        "a day's key": f"$(find {data}/vault/keys -name '*.key' -print -quit)",
        "a segment of the ring": f"$(find {data}/vault/ring -name '*.seg' -print -quit)",
        "whom it believes": f"{data}/trust.json",
    }.items():
        # Whatever is cut off by its reader complains, and what it says would be decoded too.
        told = shell.run(f"head -c 219 {files} | tail -c +20 | base64 -w 0")
        marks[what] = base64.b64decode(told)[:48]
        assert len(marks[what]) > 12, what
    assert pole.card.find(list(marks.values()), ["sel", "state", "data"]) == set(), marks
    # A search that finds nothing anywhere would prove nothing.
    in_clear = b"vigie.roothash="
    assert pole.card.find([in_clear], ["boot-a"]) == {in_clear}


def test_the_hardwares_watchdog_is_fed_and_no_unit_has_failed(life: Life) -> None:
    at_work = life.now
    fed = at_work.shell.run("cat /sys/class/watchdog/watchdog0/state; ls -l /proc/1/fd")
    assert fed.startswith("active")
    assert "/dev/watchdog0" in fed
    assert at_work.shell.run("systemctl --failed --no-legend --plain") == ""
    # systemd would leave out a unit of its choice.
    assert "rdering cycle" not in at_work.running.text


def test_nothing_listens_and_what_is_not_memory_takes_no_write(life: Life) -> None:
    shell = life.now.shell
    assert shell.run("ss -Hlnt") == ""
    # A host that asks for its address listens for the answer.
    asking = [line.split()[3] for line in shell.run("ss -Hlnu").splitlines()]
    assert [each for each in asking if not each.endswith((":68", ":546"))] == []
    assert shell.run("findmnt -n -o FSTYPE,OPTIONS /").startswith("erofs ro")
    assert shell.attempt("touch /usr/here")[0] != 0
    assert shell.run("findmnt -n -o FSTYPE /etc") == "overlay"
    assert "upperdir=/run/" in shell.run("findmnt -n -o OPTIONS /etc")
    assert shell.run("readlink -f /etc/vigie/site.toml") == "/state/site.toml"


def test_what_it_costs_is_told(life: Life) -> None:
    shell = life.now.shell
    print(shell.run("grep -E 'MemTotal|MemAvailable|^Cached' /proc/meminfo; cat /proc/loadavg"))
    shown = "MemoryPeak,CPUUsageNSec,NRestarts"
    for unit in UNITS:
        told = shell.run(f"systemctl show -p {shown} vigie-{unit}").split()
        print(f"vigie-{unit}: {' '.join(told)}")
    print(shell.run("df -k / /state /var/lib/vigie /var /run"))
    print(shell.run("systemd-analyze time; systemd-analyze blame --no-pager | sed -n 1,15p"))


REFUSALS = {
    # A room without devices does not even see them.
    "open device": {"EACCES", "EPERM", "ENOENT"},
    # Other rooms' processes are not shown at all (ProtectProc=invisible).
    "read": {"EACCES", "EPERM", "ENOENT"},
    "write": {"EACCES", "EPERM", "EROFS"},
    "call": {"EACCES"},
    "connect": {"EAFNOSUPPORT", "ENETUNREACH"},
    "signal": {"EPERM"},
    "trace": {"EPERM"},
    "become": {"EPERM"},
    "make executable": {"EACCES", "EPERM"},
}
# The same unit, to the last line, that starts another program.
PROBE = f"""
[Service]
Type=oneshot
ExecStart=
ExecStart=/opt/vigie/bin/python {MOUNT}/walls_probe.py
ExecStopPost=
Restart=no
WatchdogSec=0
StandardInput=file:/run/probe/%N.json
StandardOutput=truncate:/run/probe/%N.out
"""


def inside(at_work: AtWork, room: str, asked: list[Attempt]) -> list[str]:
    """What came of each, tried by the room's user in the room's own sandbox."""
    shell, name = at_work.shell, f"probe-{room}"
    unit = f"/run/systemd/system/{name}.service"
    shell.run("mkdir -p /run/probe /run/systemd/system")
    shell.run(f"printf %s '{json.dumps(asked)}' > /run/probe/{name}.json")
    shell.run(f"systemctl cat --no-pager vigie-{room} > {unit}")
    shell.run(f"cat >> {unit} <<'END'\n{PROBE}\nEND")
    shell.run(f"systemctl daemon-reload && systemctl start {name}")
    told = shell.run(f"cat /run/probe/{name}.out")
    return [str(each) for each in json.loads(told)]


def ground_of(desk: Desk, at_work: AtWork) -> Ground:
    """Where this pole's things are."""
    vault = "/var/lib/vigie/pole/vault"
    port = desk.room.read_addresses()["sessions"].rpartition(":")[2]
    return Ground(
        data=Path("/var/lib/vigie/pole"),
        camera=Path("/dev/video0"),
        film=Path(FILM),
        key=Path(at_work.shell.run(f"find {vault}/keys -name '*.key' -print -quit")),
        segment=Path(at_work.shell.run(f"find {vault}/ring -name '*.seg' -print -quit")),
        collector=f"{HOST}:{port}",
        program=Path("/opt/vigie"),
        site=Path("/state/site.toml"),
        pids={room: at_work.pid(room) for room in ROOMS},
    )


@pytest.mark.image_full
def test_inside_each_units_sandbox_every_forbidden_thing_fails(desk: Desk, life: Life) -> None:
    at_work = life.now
    # A camera of the kernel's own, so that there is one to be kept from.
    at_work.shell.run("modprobe vivid n_devs=1 && udevadm settle && ls -l /dev/video0")
    ground = ground_of(desk, at_work)
    for room in ROOMS:
        tried = list_attempts(ground, room) | {"a page of code": ("make executable", "0")}
        outcomes = dict(zip(tried, inside(at_work, room, list(tried.values())), strict=True))
        print(f"{room}: {len(tried)} forbidden things tried: {sorted(set(outcomes.values()))}")
        passed = {
            name: outcomes[name] for name, (how, _) in tried.items()
            if outcomes[name] not in REFUSALS[how]
        }  # fmt: skip
        assert passed == {}, room


@pytest.mark.image_full
def test_inside_each_units_sandbox_a_room_can_do_its_work(desk: Desk, life: Life) -> None:
    """So that a refusal means something."""
    at_work = life.now
    ground = ground_of(desk, at_work)
    data = ground.data
    own: dict[str, list[Attempt]] = {
        "eye": [("open device", str(ground.camera)), ("read", FILM)],
        "vault": [("read", str(data / "vault" / "evidence.pem")), ("read", str(ground.segment))],
        "link": [("read", str(data / "identity" / "key.pem")), ("connect", ground.collector)],
    }
    assert own.keys() == OWN_BUSINESS.keys()
    for room, asked in own.items():
        assert inside(at_work, room, asked) == ["done"] * len(asked), room


@pytest.mark.image_full
def test_systemd_itself_finds_the_rooms_hardly_exposed(life: Life) -> None:
    for room in ROOMS:
        told = life.now.shell.run(f"systemd-analyze security --no-pager vigie-{room} | tail -n 1")
        print(f"vigie-{room}: {told}")
        exposure = float(told.partition("vigie-")[2].partition(":")[2].split()[0])
        assert exposure <= 2.0
