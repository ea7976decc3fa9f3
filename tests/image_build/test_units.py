"""The rooms' units: walls as high as they may be, and names that agree with each other."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.service.keeper import ROOMS_STOP_WITHIN_SECONDS
from tests.fakes.control_room import run_vigie

ROOMS = ("eye", "vault", "link")
# systemd-analyze counts from 0.0 (walled in) to 10.0 (no wall).
MOST_EXPOSED = 2.0


def unit_file(repository: Path, room: str) -> Path:
    return repository / "image-build" / "units" / f"vigie-{room}.service"


def read_unit(repository: Path, room: str) -> dict[str, list[str]]:
    """The [Service] section, each key with all its values."""
    settings: dict[str, list[str]] = {}
    section = ""
    for line in unit_file(repository, room).read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


def words(settings: dict[str, list[str]], key: str) -> list[str]:
    return " ".join(settings.get(key, [])).split()


def table(repository: Path, name: str) -> list[list[str]]:
    lines = (repository / "image-build" / "units" / name).read_text().splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_hardly_exposed(repository: Path, room: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    exposure, said = expose(unit_file(repository, room))
    print(f"{room}: exposure {exposure}")
    assert exposure <= MOST_EXPOSED, said


def test_the_eye_with_a_network_camera_is_hardly_exposed(repository: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    site = tmp_path / "site.toml"
    site.write_text(
        'version = 1\n[site]\nname = "town"\n[[camera]]\nname = "north"\n'
        'source = "rtsp://192.0.2.7/stream"\n'
    )
    drop_in = run_vigie("edge", "units", "--site", site).stdout.partition("[Service]\n")[2]
    unit = tmp_path / "vigie-eye.service"
    written, _, install = unit_file(repository, "eye").read_text().partition("[Install]")
    unit.write_text(f"{written}{drop_in}[Install]{install}")
    exposure, said = expose(unit)
    print(f"eye with a network camera: exposure {exposure}")
    assert exposure <= MOST_EXPOSED, said


def expose(unit: Path) -> tuple[float, str]:
    """How exposed systemd finds a unit, and everything it says."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1]), done.stdout


@pytest.mark.parametrize(("unit", "most"), [("visit", 4.0), ("cable", 2.5)])
def test_what_root_does_for_a_visit_is_walled_as_far_as_root_can_be(
    repository: Path, unit: str, most: float
) -> None:
    """Root's, with a network, a card to write and users to become: 3.7. Without walls: 9.6."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    system = repository / "image-build/rootfs/usr/lib/systemd/system"
    exposure, said = expose(system / f"vigie-{unit}.service")
    print(f"vigie-{unit}: exposure {exposure}")
    assert exposure <= most, said


@pytest.mark.parametrize("room", ROOMS)
def test_systemd_understands_every_line(repository: Path, room: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit_file(repository, room)],
        capture_output=True,
        text=True,
        check=False,
    )
    # The program stands only on a pole; everything else it says is a defect of the unit.
    said = [line for line in done.stderr.splitlines() if "/opt/vigie" not in line]
    assert [line for line in said if f"vigie-{room}" in line] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_starts_a_module_that_exists(repository: Path, room: str) -> None:
    settings = read_unit(repository, room)
    for key in ("ExecStart", "ExecStopPost"):
        command = words(settings, key)
        assert importlib.util.find_spec(command[command.index("-m") + 1]), command


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_feeds_its_watchdog_and_comes_back(repository: Path, room: str) -> None:
    settings = read_unit(repository, room)
    assert settings["Type"] == ["notify"]
    assert settings["Restart"] == ["always"]
    # A stuck room is noticed in 10 s and replaced within 30 s.
    assert 0 < int(settings["WatchdogSec"][0]) <= 30
    assert settings["MemoryMax"][0].endswith("M")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_as_long_to_end_as_the_keeper_gives_it(repository: Path, room: str) -> None:
    settings = read_unit(repository, room)
    assert settings["TimeoutStopSec"] == [f"{ROOMS_STOP_WITHIN_SECONDS:g}"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_a_user_with_its_groups(repository: Path, room: str) -> None:
    settings = read_unit(repository, room)
    made = table(repository, "vigie.sysusers")
    assert settings["User"] == [f"vigie-{room}"]
    assert ["u", f"vigie-{room}"] in [line[:2] for line in made]
    members = {line[2] for line in made if line[0] == "m" and line[1] == f"vigie-{room}"}
    assert members == set(words(settings, "SupplementaryGroups"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_writes_only_where_its_groups_may(repository: Path, room: str) -> None:
    settings = read_unit(repository, room)
    groups = {f"vigie-{room}", *words(settings, "SupplementaryGroups")}
    folders = {line[1]: line for line in table(repository, "vigie.tmpfiles")}
    for folder in words(settings, "ReadWritePaths"):
        inside = [line for path, line in folders.items() if f"{path}/".startswith(f"{folder}/")]
        assert inside, f"{folder} is made by nobody"
        assert any(line[3] == f"vigie-{room}" or line[4] in groups for line in inside), folder


def test_only_the_link_has_a_network(repository: Path) -> None:
    private = {room: read_unit(repository, room).get("PrivateNetwork") for room in ROOMS}
    assert private == {"eye": ["yes"], "vault": ["yes"], "link": None}


def test_no_folder_of_one_room_is_open_to_the_others(repository: Path) -> None:
    modes = {line[1]: int(line[2], 8) for line in table(repository, "vigie.tmpfiles")}
    assert modes["/var/lib/vigie/pole/vault"] == 0o700
    assert modes["/var/lib/vigie/pole/identity"] == 0o700
    assert [path for path, mode in modes.items() if mode & 0o002] == []
