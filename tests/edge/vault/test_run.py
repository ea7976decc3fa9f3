"""The vault as a process: packets in over the socket, a sealed ring on the disk, read back."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from edge.vault.places import VaultPlaces
from edge.vault.run import choose_quota
from edge.vault.verify import is_running, verify
from edge.wire.packets import pack_hello, pack_packet_head
from tests.edge.vault.scenes import Movie, Pole, filmed
from tests.fakes.mandates import CAMERA, around

# The real vault with a kernel that says its clock is right, which a build machine's may not.
PROGRAM = """
import logging, sys
from pathlib import Path
from edge.vault.run import serve
from tests.fakes.mandates import DEVICE, synchronised
logging.basicConfig(level=logging.INFO)
serve(Path(sys.argv[1]), DEVICE, 10**9, kernel=synchronised)
"""


def start_vault(data: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "vault_ready" in line:
            break
    return child


def end_vault(child: subprocess.Popen[str]) -> str:
    child.send_signal(signal.SIGTERM)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 0, errors
    return errors


def send(places: VaultPlaces, movie: Movie) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(places.socket))
        line.sendall(pack_hello(movie.hello))
        for packet in movie.packets:
            line.sendall(pack_packet_head(packet) + packet.encoded)


def moved_to_now(movie: Movie) -> Movie:
    """Captured in the last minutes, as if the camera had just sent it."""
    return movie.from_moment(time.time_ns() - 10**11, time.monotonic_ns() - 10**11)


def test_packets_of_a_film_come_back_out_of_the_sealed_ring(tmp_path: Path) -> None:
    pole = Pole(tmp_path / "data")
    pole.data.mkdir()
    pole.city.install(pole.data, pole.city.mandate(**around(datetime.now(UTC))))
    film = moved_to_now(filmed(tmp_path))
    child = start_vault(pole.data)
    try:
        assert is_running(pole.places)
        send(pole.places, film)
        beside = verify(pole.places, lambda done, total: None)
        assert beside.is_running
        assert beside.findings == []
    finally:
        end_vault(child)
    assert pole.samples() == [packet.encoded for packet in film.packets]
    headers = pole.headers()
    assert [header.samples for header in headers] == [50, 10]
    assert all(header.starts_at_key and header.gap is None for header in headers)
    report = verify(pole.places, lambda done, total: None)
    assert report.findings == []
    assert not report.is_running
    assert [(each.camera, each.opened_fragments) for each in report.cameras] == [(CAMERA, 2)]
    kept = [*pole.places.ring.rglob("*"), *pole.places.keys.rglob("*"), pole.places.ring]
    kept += [pole.places.keys, *pole.places.vault.glob("ring.db*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []
    assert pole.places.vault.stat().st_mode & 0o077 == 0
    everything = b"".join(each.read_bytes() for each in pole.data.rglob("*") if each.is_file())
    assert film.packets[0].encoded[100:200] not in everything


def test_without_a_mandate_nothing_is_recorded_and_the_log_says_why(tmp_path: Path) -> None:
    pole = Pole(tmp_path / "data")
    pole.data.mkdir()
    pole.city.install(pole.data)
    child = start_vault(pole.data)
    try:
        send(pole.places, moved_to_now(filmed(tmp_path)))
    finally:
        errors = end_vault(child)
    assert f"recording_refused camera={CAMERA} reason=no_mandate" in errors
    assert pole.segments() == []
    assert not list(pole.places.keys.rglob("*"))


def test_on_a_small_disk_the_ring_leaves_a_third_to_events_and_updates(tmp_path: Path) -> None:
    for folder in (tmp_path, Path("/dev/shm"), Path("/run")):
        total = shutil.disk_usage(folder).total
        assert choose_quota(None, folder) == min(20 * 10**9, total * 2 // 3)
    assert choose_quota(1.5, tmp_path) == 1_500_000_000
