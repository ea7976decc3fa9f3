"""Device and collector killed at random, acks lost: nothing accepted is lost or stored twice."""

import random
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.demo.process import command_line, run_command
from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.wire.v1 import event_pb2
from tests.fakes.tcp_proxy import TcpProxy
from tests.waiting import wait_until

DEVICE = "pole-1"
LOST_ACK_SHARE = 0.03
# A link waits up to a minute between two tries, and several in a row may be cut.
DEADLINE_SECONDS = 300.0
SHARDS = 4
CI_CYCLES = 200
SOAK_CYCLES = 5000
# More than any life produces; two thousand lives still fit an event's measure.
NUMBERS_A_LIFE = 1_000_000


class City:
    """One pole and one collector as real processes, joined by a proxy that cuts."""

    def __init__(self, folder: Path, proxy: TcpProxy) -> None:
        self.collector_data, self.pole_data = folder / "collector", folder / "pole"
        self.ledger = folder / "accepted.txt"
        self.pole_data.mkdir()
        self.ledger.touch()
        self._folder = folder
        self._proxy = proxy
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lives = 0
        self.start_collector()
        self._enrol()
        self.start_link()
        self.start_producer()

    def start_collector(self) -> None:
        self._start(
            "collector",
            command_line(
                [
                    "collector", "run", "--data", str(self.collector_data),
                    "--listen", "127.0.0.1:0", "--page", "127.0.0.1:0",
                ]
            ),
        )  # fmt: skip
        addresses = self.collector_data / "operator" / "collector.toml"
        pid = self._children["collector"].pid

        def is_ready() -> bool:
            return addresses.exists() and tomllib.loads(addresses.read_text())["process"] == pid

        wait(is_ready, "the collector is ready", self.collector_data)
        self.addresses = tomllib.loads(addresses.read_text())
        self._proxy.target_port = int(self.addresses["sessions"].rpartition(":")[2])

    def start_link(self) -> None:
        self._start("link", [sys.executable, "-m", "edge.link.run", "--data", str(self.pole_data)])

    def start_producer(self) -> None:
        # Each life has numbers of its own. Counting on from the last accepted one would repeat
        # them where two lives end between an event's acceptance and its line in the ledger.
        self._lives += 1
        first = self._lives * NUMBERS_A_LIFE
        self._start(
            "producer",
            [
                sys.executable, "-m", "tests.system.producer",
                str(self.pole_data), str(self.ledger), str(first),
            ],
        )  # fmt: skip

    def kill_and_restart(self, name: str) -> None:
        child = self._children[name]
        child.send_signal(signal.SIGKILL)
        child.wait()
        {
            "collector": self.start_collector,
            "link": self.start_link,
            "producer": self.start_producer,
        }[name]()

    def stop(self) -> None:
        for child in self._children.values():
            child.kill()
            child.wait()

    def finish_producing(self) -> None:
        first = self._lives * NUMBERS_A_LIFE
        # A life that has just begun does not know the signal yet.
        what = "the last life accepts"
        wait(lambda: max(self.accepted(), default=0) >= first, what, self._folder)
        producer = self._children["producer"]
        producer.send_signal(signal.SIGTERM)
        assert producer.wait(DEADLINE_SECONDS) == 0

    def accepted(self) -> list[int]:
        # A killed writer may leave half a line; what is not ended was not promised.
        text = self.ledger.read_text()
        return [int(line) for line in text[: text.rfind("\n") + 1].split()]

    def stored_count(self) -> int:
        with _reading(self.collector_data) as database:
            return int(database.execute("SELECT count(*) FROM events").fetchone()[0])

    def wait_for_stored(self, enough: int) -> None:
        what = "events arrive again"
        wait(lambda: self.stored_count() >= enough, what, self.collector_data)

    def stored(self) -> list[tuple[int, int, int]]:
        """(epoch, seq, number) of every stored event, in order of storing."""
        with _reading(self.collector_data) as database:
            rows = database.execute("SELECT epoch, seq, body FROM events ORDER BY number")
            return [
                (epoch, seq, event_pb2.Event.FromString(body).measured) for epoch, seq, body in rows
            ]

    def wait_for_drained(self) -> None:
        """Wait as long as events go on arriving, however many the kills have left behind."""
        # Opening a spool costs its link and producer a lock; the collector's count costs nothing.
        with Spool(spool_path(self.pole_data)) as spool:
            last_seq = spool.pending().last_seq
        while (stored := self.stored_count()) < last_seq:
            self.wait_for_stored(stored + 1)
        # Whoever opens a spool writes in its folder: watching that would wake us all the time.
        wait(self._is_drained, "the last event is acknowledged")

    def _is_drained(self) -> bool:
        with Spool(spool_path(self.pole_data)) as spool:
            return spool.pending().first_seq == 0

    def check_alive(self) -> None:
        for name, child in self._children.items():
            log = self._folder / f"{name}.log"
            assert child.poll() is None, f"the {name} ended by itself:\n{log.read_text()[-2000:]}"

    def _start(self, name: str, words: list[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _enrol(self) -> None:
        invite = ["device", "invite", DEVICE, "--data", str(self.collector_data), "--json"]
        token = str(run_command(invite)[0]["token"])
        run_command(
            [
                "device", "enrol", "--device", DEVICE, "--token", token,
                "--collector", self.addresses["enrolment"],
                "--ca", str(self.collector_data / "operator" / "ca.pem"),
                "--data", str(self.pole_data),
            ]
        )  # fmt: skip
        settings = self.pole_data / "identity" / "device.toml"
        through_proxy = f'collector = "127.0.0.1:{self._proxy.port}"'
        settings.write_text(re.sub(r'collector = ".*"', through_proxy, settings.read_text()))


def _reading(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data / 'collector.db'}?mode=ro", uri=True, timeout=30)


def wait(is_so: Callable[[], bool], what: str, *folders: Path) -> None:
    wait_until(is_so, what, folders=folders, within_seconds=DEADLINE_SECONDS)


def _run_cycles(folder: Path, seed: int, cycles: int) -> tuple[int, int, int]:
    """Kill `cycles` times; return how many events were accepted, lost and stored twice."""
    rng = random.Random(seed)
    with TcpProxy(cut_share=LOST_ACK_SHARE, seed=seed) as proxy:
        city = City(folder, proxy)
        try:
            for _ in range(cycles):
                city.wait_for_stored(city.stored_count() + rng.randint(1, 60))
                city.kill_and_restart(rng.choice(("producer", "link", "collector")))
            city.finish_producing()
            proxy.cut_share = 0.0
            city.wait_for_drained()
        finally:
            city.stop()
        numbers = [number for _, _, number in city.stored()]
        accepted = city.accepted()
        _check_order(city.stored())
        lost = len(set(accepted) - set(numbers))
        doubled = sum(count - 1 for count in Counter(numbers).values())
        print(
            f"kill cycles {cycles}: accepted {len(accepted)}, delivered {len(numbers)}, "
            f"lost {lost}, duplicated {doubled}, acks cut {proxy.cut} of {proxy.cut + proxy.passed}"
        )
        assert proxy.cut > 0, "no ack was lost, so the test proved less than it says"
        return len(accepted), lost, doubled


def _check_order(stored: list[tuple[int, int, int]]) -> None:
    by_epoch: dict[int, list[int]] = {}
    for epoch, seq, _ in stored:
        by_epoch.setdefault(epoch, []).append(seq)
    for seqs in by_epoch.values():
        assert seqs == sorted(seqs), "events of one device were stored out of order"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_kills_and_lost_acks_lose_and_repeat_nothing(tmp_path: Path, shard: int) -> None:
    accepted, lost, doubled = _run_cycles(tmp_path, shard, CI_CYCLES // SHARDS)
    assert accepted > CI_CYCLES // SHARDS
    assert (lost, doubled) == (0, 0)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_thousands_of_kills_lose_and_repeat_nothing(tmp_path: Path, shard: int) -> None:
    _, lost, doubled = _run_cycles(tmp_path, 100 + shard, SOAK_CYCLES // SHARDS)
    assert (lost, doubled) == (0, 0)
