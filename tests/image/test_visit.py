"""A technician's visit to a pole on a real image: the token on its card, a laptop on its cable.

The tests are chapters of one start: each begins where the one before ended.
"""

import base64
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.provision.places import VISIT_ON_CARD
from tests.fakes.control_room import run_vigie
from tests.image.bench import WORK_SECONDS, AtWork, make_pole, switch_on
from tests.image.conftest import CARD_BYTES
from tests.image.desk import Desk, Event
from tests.image.machine import Machine
from tests.image.shell import Shell

pytestmark = [pytest.mark.image_full, pytest.mark.timeout(2400)]
DEVICE = "visited-pole"
# The second network card: what a laptop is plugged into.
CABLE, SLOT = "enp0s16", "0x10"
POLE = "169.254.77.1:8080"
LISTENING = "grep -c ':1F90 00000000:0000 0A' /proc/net/tcp"
# Under emulation an examination takes minutes, and a browser waits for it.
PATIENT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Laptop:
    """What a technician has. token: its file; number: the page's path; port: the cable's end."""

    token: Path
    number: str
    port: int
    monitor: Path

    @property
    def words(self) -> list[str]:
        """The cable, for QEMU; its end here is a port of this machine."""
        net = "user,id=cable,restrict=on,net=169.254.0.0/16,host=169.254.1.1,dns=169.254.1.3"
        net += f",dhcpstart=169.254.1.15,hostfwd=tcp:127.0.0.1:{self.port}-{POLE}"
        card = f"virtio-net-pci,netdev=cable,id=socket,addr={SLOT}"
        monitor = f"unix:{self.monitor},server,nowait"
        return ["-netdev", net, "-device", card, "-monitor", monitor]

    def plug(self, *, is_in: bool) -> None:
        """The cable, into the pole or out of it."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.monitor))
            line.sendall(f"set_link socket {'on' if is_in else 'off'}\n".encode())
            heard = b""
            while heard.count(b"(qemu)") < 2:
                heard += line.recv(4096)

    def ask(self, place: str, *, is_press: bool = False) -> bytes:
        """A browser, which knows the pole by its own address."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{self.number}/{place}",
            headers={"Host": POLE},
            method="POST" if is_press else "GET",
        )
        with urllib.request.urlopen(request, timeout=PATIENT_SECONDS) as answer:
            return bytes(answer.read())

    def ask_until(self, place: str) -> bytes:
        """The same for what is not there yet."""
        ends = time.monotonic() + PATIENT_SECONDS
        while True:
            try:
                return self.ask(place)
            except (urllib.error.HTTPError, ConnectionError):
                assert time.monotonic() < ends, f"{place} did not come"


@pytest.fixture(scope="module")
def laptop(desk: Desk) -> Laptop:
    """Made in the control room before anybody drives to the pole."""
    folder = desk.folder
    run_vigie("provision", "keygen", "technician", "--out", folder)
    token = folder / "visit.json"
    of_it: list[str | Path] = ["--minutes", "60", "--interface", CABLE, "--rated-tb", "80"]
    key = folder / "technician.key"
    made = run_vigie("doctor", "token", DEVICE, "--key", key, *of_it, "--out", token, "--json")
    assert made.returncode == 0, made.stderr
    number = str(json.loads(made.stdout)["address"]).split("/")[3]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    return Laptop(token, number, port, folder / "monitor")


@pytest.fixture(scope="module")
def pole(
    desk: Desk,
    laptop: Laptop,
    bench_image: Path,
    bench_disk: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Machine:
    """A card that was never switched on, with the pole's file and the token."""
    folder = tmp_path_factory.mktemp("pole")
    technician = str(desk.folder / "technician.pub")
    card = desk.write_card(DEVICE, bench_image, folder / "card.img", "--technician", technician)
    card.write_file("sel", VISIT_ON_CARD, laptop.token)
    card.grow(CARD_BYTES)
    return make_pole(card.path, folder, bench_disk)


@pytest.fixture(scope="module")
def at_work(pole: Machine, laptop: Laptop) -> Iterator[AtWork]:
    with switch_on(pole, extra=laptop.words) as on:
        on.running.wait_for(".")  # with its first words its cables are there to be pulled
        # Nobody is at the pole yet: its own network is the first card's.
        laptop.plug(is_in=False)
        yield on


def test_the_first_start_enrols_and_opens_the_page_on_the_cable(
    desk: Desk, pole: Machine, laptop: Laptop, at_work: AtWork
) -> None:
    at_work.running.wait_for("visit_brought")
    at_work.running.wait_for("pole_enrolled", seconds=WORK_SECONDS)
    at_work.note("enrolled")
    desk.deliver_mandate(DEVICE)
    at_work.running.wait_for(f"visit_open at={POLE}", seconds=WORK_SECONDS)
    at_work.note("the page is open")
    laptop.plug(is_in=True)
    page = laptop.ask("")
    assert f"<h1>Pole {DEVICE}</h1>".encode() in page
    at_work.note("the laptop has the page")
    assert laptop.ask_until("own.jpg").startswith(b"\xff\xd8")
    at_work.note("and a live picture")
    assert pole.card.read_file("sel", VISIT_ON_CARD) is None, "the token is used"
    assert at_work.shell.attempt("systemctl is-active vigie-eye")[1] == "inactive"
    for room in ("vault", "link"):
        assert at_work.shell.run(f"systemctl is-active vigie-{room}") == "active"


def pid_of(shell: Shell, program: str) -> str:
    """The first process whose command line matches; the pattern must not match itself."""
    return shell.run(f"grep -la '{program}' /proc/[0-9]*/cmdline | sed -n 1p").split("/")[2]


def test_the_page_is_on_the_cable_and_what_shows_it_has_no_powers(at_work: AtWork) -> None:
    shell = at_work.shell
    assert shell.run(LISTENING) == "1"
    # The uplink's neighbour: a packet for the page that comes in over the other card.
    assert f"dev {CABLE}" in shell.run("ip -color=never route get 169.254.1.1")
    serving = pid_of(shell, "edge[.]doctor[.]serving")
    status = shell.run(f"cat /proc/{serving}/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(facts["Uid"].split()) == {"65534"}
    assert {facts[name] for name in ("CapEff", "CapPrm", "CapInh")} == {"0" * 16}
    assert facts["NoNewPrivs"] == "1"
    links = shell.run(f"nsenter --net=/proc/{serving}/ns/net ip -color=never -oneline link")
    assert [line.split(":")[1].strip() for line in links.splitlines()] == ["lo"]
    looking = pid_of(shell, "edge[.]eye[.]look")
    owner = shell.run(f"stat -c %U /proc/{looking}")
    assert owner == "vigie-eye"


def test_it_is_examined_there_and_the_control_room_believes_the_report(
    desk: Desk, laptop: Laptop, at_work: AtWork
) -> None:
    laptop.ask("examine", is_press=True)
    at_work.note("an examination is asked for")
    while json.loads(laptop.ask_until("sight"))["round"] == 0:
        pass
    page = laptop.ask("").decode()
    at_work.note("it is done")
    report = desk.folder / "report.html"
    report.write_bytes(laptop.ask("report.html"))
    rows = [row.split("</tr>")[0] for row in page.split('<tr><th scope="row">')[1:]]
    for row in rows:
        print(" | ".join(part.rpartition(">")[2] for part in row.split("</t")[:-1]))
    checks = {row.partition("<")[0]: row for row in rows}
    assert 'class="ok"' in checks["uplink"]
    assert 'class="ok"' in checks["certificate"]
    assert 'class="ok"' in checks["mandate"]
    assert "480 x 270 px, h264" in checks["picture · own"]
    assert "slot A" in checks["software"]
    assert "opened once" in checks["local page"]
    keys, trust = desk.folder / "keys.json", desk.folder / "trust.json"
    run_vigie("collector", "device-keys", "--data", desk.room.data, "--out", keys)
    trust.write_text(str(at_work.shell.run("cat /var/lib/vigie/pole/trust.json")))
    said = run_vigie("doctor", "verify", report, "--device-keys", keys, "--trust", trust)
    assert f": {DEVICE} signed it on 20" in said.stdout, said.stderr


def wait_for_phase(desk: Desk, phase: str) -> Event:
    def is_it(event: Event) -> bool:
        told = (event["device"], event["rule"], event["phase"])
        return told == (DEVICE, "health/local_page", phase)

    return desk.arrivals.wait_for(is_it, f"the {phase} of the visit", seconds=WORK_SECONDS)


def test_the_button_closes_it_and_the_rooms_go_on(
    desk: Desk, laptop: Laptop, at_work: AtWork
) -> None:
    laptop.ask("close", is_press=True)
    at_work.running.wait_for("visit_closed by=button")
    assert at_work.shell.attempt(LISTENING)[1] == "0"
    addresses = at_work.shell.run(f"ip -color=never -oneline address show dev {CABLE}")
    assert "169.254.77.1" not in addresses
    told = [wait_for_phase(desk, phase) for phase in ("start", "end")]
    assert [each["reason"] for each in told] == ["technician_token", "closed_by_button"]
    at_work.shell.run("systemctl start vigie-eye && systemctl is-active vigie-eye")
    at_work.note("the eye is at work again")
    assert at_work.shell.run("systemctl --failed --no-legend --plain") == ""


def test_the_same_token_opens_nothing_again_and_the_card_says_why(
    pole: Machine, laptop: Laptop, at_work: AtWork
) -> None:
    # As the next start would bring it from the card.
    again = base64.b64encode(laptop.token.read_bytes()).decode()
    at_work.shell.run(f"echo {again} | base64 -d > /run/vigie/visit.json")
    at_work.shell.run("systemctl start --wait vigie-visit")
    at_work.running.wait_for("visit_refused")
    report = pole.card.read_file("sel", "vigie/report.txt") or b""
    assert b"it was used, or is older than one that was used" in report
    assert at_work.shell.attempt(LISTENING)[1] == "0"
