"""The control room of virtual poles: a real collector on this machine, its authority, its cards."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.demo.city import City
from edge.demo.process import Process
from tests.fakes.control_room import ControlRoom, run_vigie
from tests.image.card import Card
from tests.image.film import write_site

# What a virtual machine calls the machine that it runs on.
HOST = "10.0.2.2"
Event = dict[str, object]


class Arrivals:
    """Events as the collector stores them, in order; an operator's `vigie events tail`."""

    def __init__(self, tail: Process) -> None:
        self._tail = tail
        self._queue: queue.Queue[Event] = queue.Queue()
        self.all: list[Event] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for(self, is_it: Callable[[Event], bool], what: str, *, seconds: float) -> Event:
        """The first event, stored already or coming, that is it."""
        for event in self.all:
            if is_it(event):
                return event
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                told = [f"{each['rule']} {each['phase']}" for each in self.all]
                raise AssertionError(f"{what} did not arrive in {seconds:.0f} s; {told}") from None
            self.all.append(event)
            if is_it(event):
                return event

    def _listen(self) -> None:
        for event in self._tail.records():
            self._queue.put(event)


def is_of_a_rule(event: Event, since_ms: float = 0) -> bool:
    """Whether a rule told it, of what was seen since a moment."""
    captured_ms = int(str(event["captured_utc_ms"]))
    return not str(event["rule"]).startswith("health/") and captured_ms > since_ms


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a city has before its first pole. fleet_key: signs provisioning files."""

    room: ControlRoom
    city: City
    arrivals: Arrivals
    folder: Path
    site: Path
    models: Path
    fleet_key: Path

    def write_card(
        self, device: str, image: Path, target: Path, *words: str, board: str = "qemu-amd64"
    ) -> Card:
        """Invite, sign, write: what a technician takes to the pole. words: more for `provision`."""
        file = self.folder / f"{device}.provision.json"
        enrolment = self.room.read_addresses()["enrolment"].rpartition(":")[2]
        _must(
            "provision", "new", device, "--site", self.site, "--board", board,
            "--key", self.fleet_key, "--authority", self.city.ensure_trust(),
            "--enrolment", f"{HOST}:{enrolment}", "--out", file, "--data", self.room.data, *words,
        )  # fmt: skip
        _must("flash", image, "--to", target, "--provision", file)
        return Card(target)

    def file_of(self, device: str) -> bytes:
        """What that card brings, with the token in it."""
        return (self.folder / f"{device}.provision.json").read_bytes()

    def deliver_mandate(self, device: str) -> None:
        """A bench mandate for the street, signed; the collector brings it."""
        self.city.ensure_mandate(self.site, self.models, device)

    def push(self, bundle: Path, device: str) -> int:
        """Roll a bundle out to one pole, at any hour; the rollout's number."""
        told = _must(
            "update", "push", bundle, "--to", device, "--waves", "1", "--hours", "00:00-24:00",
            "--every-day", "--zone", "UTC", "--data", self.room.data, "--json",
        )  # fmt: skip
        return int(str(json.loads(told)["rollout"]))

    def ask_rollout(self, number: int) -> tuple[str, str]:
        """State of its one pole, and the reason of a failure."""
        # A rollout that halted is told as well, with an exit code of its own.
        words = ["update", "status", str(number), "--data", str(self.room.data), "--json"]
        done = run_vigie(*words, seconds=300)
        if not done.stdout:
            # Asked again and again for as long as an update takes, on a disk that it keeps busy.
            print(f"          not told: {done.stderr.strip()}", flush=True)
            return "", ""
        [pole] = json.loads(done.stdout)["devices"]
        return str(pole["state"]), str(pole["reason"])


@contextmanager
def open_desk(
    folder: Path, repository: Path, fleet_key: Path, ports: tuple[int, int] = (0, 0)
) -> Iterator[Desk]:
    """A running collector that the machines reach, and its authority."""
    site = folder / "site.toml"
    write_site(repository, site)
    with ControlRoom(folder / "collector", names=[HOST], ports=ports) as room:
        city = City(folder / "authority", room.data)
        city.ensure_trust()
        following = ["events", "tail", "--json", "--data", str(room.data)]
        with Process("events tail", following, folder / "tail.log") as tail:
            models = repository / ".cache" / "models"
            yield Desk(room, city, Arrivals(tail), folder, site, models, fleet_key)


def _must(*words: str | Path) -> str:
    done = run_vigie(*words, seconds=300)
    assert done.returncode == 0, done.stderr
    return done.stdout
