"""A visit to a pole where nobody has a shell: from the token on the card to the closed page."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.doctor.openings import read_openings
from edge.doctor.sealing import verify_report
from edge.evidence.pole_key import read_evidence_key
from edge.eye.detector import Library
from edge.spool.places import spool_path
from edge.spool.verify import list_held
from tests.fakes.board_programs import FakeBoard
from tests.fakes.control_room import VIGIE
from tests.fakes.lens import make_pole
from tests.fakes.mandates import DEVICE
from tests.fakes.visits import VisitedPole

SLOW_BLINK = ["timer", "2000", "2000"]


@pytest.fixture
def pole(tmp_path: Path, built_models: Library) -> VisitedPole:
    return VisitedPole(make_pole(tmp_path, built_models.models_dir), FakeBoard(tmp_path / "board"))


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


def press(address: str, button: str) -> None:
    request = urllib.request.Request(f"{address}{button}", method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def visit(pole: VisitedPole, what: Callable[[str], None]) -> str | None:
    """Open, do something in a technician's browser, close; how the page closed."""
    trouble: list[BaseException] = []

    def browse(address: str) -> None:
        try:
            what(address)
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            trouble.append(error)
        finally:
            press(address, "close")

    technician: list[threading.Thread] = []

    def opened(address: str) -> None:
        technician.append(threading.Thread(target=browse, args=(address,)))
        technician[0].start()

    why = pole.start(opened)
    for thread in technician:
        thread.join()
    if trouble:
        raise trouble[0]
    return why


def test_a_token_on_the_card_opens_the_page_once(pole: VisitedPole) -> None:
    seen: list[object] = []

    def look(address: str) -> None:
        seen.append(get(address).count(b"<h1>Pole "))
        led = [pole.light / name for name in ("trigger", "delay_on", "delay_off")]
        seen.append([path.read_text() for path in led])
        seen.append(pole.token.exists())

    pole.put(pole.make_token())
    assert visit(pole, look) == "button"
    assert seen == [1, SLOW_BLINK, False]
    assert (pole.light / "trigger").read_text() == "none"
    assert pole.report == ""
    assert read_openings(pole.files.data).count == 1
    held = list(list_held(spool_path(pole.files.data)))
    assert sum(each.entry.last_seq - each.entry.first_seq + 1 for each in held) == 2


def test_a_token_opens_nothing_a_second_time(pole: VisitedPole) -> None:
    token = pole.make_token()
    pole.put(token)
    assert visit(pole, lambda _: None) == "button"
    pole.put(token)
    assert visit(pole, lambda _: None) is None
    assert "it was used, or is older than one that was used" in pole.report
    assert read_openings(pole.files.data).count == 1


def test_a_card_that_cannot_be_written_lets_its_token_open_once_all_the_same(
    pole: VisitedPole,
) -> None:
    pole.put(pole.make_token())
    pole.board.is_locked = True
    assert visit(pole, lambda _: None) == "button"
    assert pole.token.exists()
    assert visit(pole, lambda _: None) is None


def test_the_boards_own_cable_is_there_for_as_long_as_the_page(pole: VisitedPole) -> None:
    pole.own_cable = "lo"
    pole.put(pole.make_token(interface=""))
    during: list[list[str]] = []
    visit(pole, lambda _: during.extend(pole.board.started))
    unit = "vigie-cable.service"
    assert ["systemctl", "start", unit] in during
    assert ["systemctl", "stop", unit] not in during
    assert pole.board.started[-1] == ["systemctl", "stop", unit]


def test_the_pole_is_examined_from_the_page_and_its_signed_report_is_saved(
    pole: VisitedPole,
) -> None:
    saved: dict[str, bytes] = {}

    def examine(address: str) -> None:
        assert b"<table>" not in get(address)
        press(address, "examine")
        # The old server may answer once more; the next one has what was found.
        while json.loads(get(f"{address}sight"))["round"] == 0:
            pass
        saved["page"] = get(address)
        saved["report"] = get(f"{address}report.html")
        while json.loads(get(f"{address}sight"))["sights"]["north"] is None:
            pass

    pole.put(pole.make_token(rated_gb=80_000))
    assert visit(pole, examine) == "button"
    page, report = saved["page"].decode(), saved["report"]
    for check in ("picture", "focus", "exposure", "pace", "detector", "person", "aim"):
        assert f'<th scope="row">{check} · north</th>' in page, check
    for check in (
        *("mandate", "clock", "uplink", "certificate", "storage", "endurance", "heat"),
        *("software", "local page"),
    ):
        assert f'<th scope="row">{check}</th>' in page, check
    assert "960 x 540 px, h264" in page
    assert "rated 80 TB" in page or "does not count" in page
    key = read_evidence_key(pole.files.data / "vault", DEVICE)
    assert key is not None
    seal = verify_report(report, {DEVICE: [key.public]})
    assert (seal.device, seal.is_accepted) == (DEVICE, False)
    assert b"<img" not in report


def test_a_pole_without_a_mandate_is_aimed_all_the_same(pole: VisitedPole) -> None:
    def look(address: str) -> None:
        while json.loads(get(f"{address}sight"))["sights"]["north"] is None:
            pass
        assert get(f"{address}north.jpg").startswith(b"\xff\xd8")

    pole.put(pole.make_token())
    assert visit(pole, look) == "button"


# A machine in a network of its own, and another one at the other end of its cable, which is its
# neighbour on the uplink too.
_CABLE = """
ip link set lo up
ip link add cable0 type veth peer name laptop netns "$1"
nsenter --net="/proc/$1/ns/net" ip address add 169.254.9.9/16 dev laptop
nsenter --net="/proc/$1/ns/net" ip link set laptop up
ip link add uplink0 type veth peer name neighbour netns "$1"
ip address add 192.0.2.1/24 dev uplink0
ip link set uplink0 up
nsenter --net="/proc/$1/ns/net" ip address add 192.0.2.2/24 dev neighbour
nsenter --net="/proc/$1/ns/net" ip link set neighbour up
shift; exec "$@"
"""
_ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=30).status)"


@pytest.fixture
def laptop() -> Iterator[int]:
    """A process in the technician's network."""
    words = ["unshare", "--net", "sh", "-c", "echo here; exec cat"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"here\n":
            pytest.skip("a network of one's own needs root")
        yield holder.pid


def at(pid: int, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run something in that process's network."""
    network = f"--net=/proc/{pid}/ns/net"
    return subprocess.run(
        ["nsenter", network, *words], check=False, capture_output=True, text=True, timeout=60
    )


def test_the_page_is_on_its_cable_only_and_pulling_that_out_closes_it(
    pole: VisitedPole, laptop: int
) -> None:
    pole.put(pole.make_token(interface="cable0"))
    places = ["--site", pole.files.site_file, "--data", pole.files.data]
    words = ["doctor", "open", pole.token, *places, "--models", pole.files.models]
    network = ["unshare", "--net", "sh", "-euc", _CABLE, "sh", str(laptop)]
    with subprocess.Popen(
        [*network, *VIGIE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as command:  # fmt: skip
        try:
            assert command.stdout is not None
            address = command.stdout.readline().strip()
            assert address.startswith("http://169.254.77.1:8080/"), command.communicate()
            assert at(laptop, sys.executable, "-c", _ASK, address).stdout == "200\n"
            over_the_uplink = ["169.254.77.1/32", "via", "192.0.2.1"]
            assert at(laptop, "ip", "route", "add", *over_the_uplink).returncode == 0
            assert "refused" in at(laptop, sys.executable, "-c", _ASK, address).stderr
            assert at(command.pid, "ip", "link", "del", "cable0").returncode == 0
            _, said = command.communicate(timeout=60)
        finally:
            command.kill()
    assert said.endswith("vigie: the page is closed (by cable)\n"), said
    assert command.returncode == 0
    assert read_openings(pole.files.data).damage == ""
