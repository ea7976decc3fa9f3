"""A pole with its real walls on this machine, and a collector beside it.

Users, groups and folders are read from the files that an installed pole is made from
(image-build/units); their numbers are made up. Each room runs under its user, without
capabilities, in a mount namespace of its own; eye and vault in network namespaces without
interfaces. Needs root, and leaves nothing behind but its folder.
"""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av

from edge.demo.city import City
from edge.demo.process import run_command
from edge.eye.sim.scene import SCENES
from edge.wire.eye_status import eye_status_path
from tests.fakes.control_room import ControlRoom
from tests.system.forbidden import ROOMS
from tests.waiting import wait_until

DEVICE = "walled-pole"
CAMERA = "street"
# Above every system account, below what nobody uses.
_FIRST_NUMBER = 61_200
_POLE = "/var/lib/vigie/pole"
_FILM_SECONDS, _FILM_FPS = 20, 10
# What the shell does inside the new namespaces before it becomes the room.
_ENTER = """
mount --bind "$1" "$2/python" && mount --bind "$3" "$2/packages" && mount --bind "$4" "$2/program"
shift 4; exec "$@"
"""
# MemoryDenyWriteExecute=yes of the units, where the kernel has it: prctl(PR_SET_MDWE).
_DENY_EXECUTABLE = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
# A keeper of rooms that are behind walls; JSON of their commands in.
_KEEPER = """
import json, pathlib, sys
from edge.clock import SystemClock
from edge.service.keeper import Room, keep
notes = pathlib.Path(sys.argv[2])
rooms = [Room(name, tuple(words), notes) for name, words in json.loads(sys.argv[1]).items()]
sys.exit(keep(rooms, SystemClock()))
"""
_NO_POWERS = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


def why_not() -> str:
    """Why there can be no walls here; empty: there can."""
    if os.geteuid() != 0:
        return "walls need root: users, namespaces and mounts"
    missing = [tool for tool in ("unshare", "setpriv", "nsenter") if shutil.which(tool) is None]
    if missing:
        return f"walls need {', '.join(missing)}: apt-get install util-linux"
    if subprocess.run(["unshare", "-mn", "true"], check=False, capture_output=True).returncode:
        return "walls need namespaces, and this machine gives none"
    return ""


@contextmanager
def walls_at_work(repository: Path) -> "Iterator[Walls]":
    """A pole that sees, records and reports behind its walls."""
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


class Walls:
    """One pole and its rooms. `close` ends them and removes the folder."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self.base = Path(tempfile.mkdtemp(prefix="vigie-walls-"))
        self.base.chmod(0o755)
        for place in ("python", "packages", "program", "logs"):
            (self.base / place).mkdir()
        self.data = self.base / "pole"
        self.camera_device = self.base / "video0"
        self.film = self.base / "street.mp4"
        self._numbers: dict[str, int] = {}
        self._groups: dict[str, list[str]] = {room: [] for room in ROOMS}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.said: list[str] = []
        self._make_users()
        self._make_folders()
        self._make_camera()
        self.room = ControlRoom(self.base / "collector")
        self.room.__enter__()
        self.city = City(self.base / "authority", self.room.data)

    def enrol(self) -> None:
        """As a technician does, as root: identity, evidence key, name, trust."""
        fingerprint = self.city.ensure_trust()
        enrolled = self.room.enrol(DEVICE, self.data, authority=fingerprint)
        assert enrolled.returncode == 0, enrolled.stderr

    def deliver_mandate(self) -> None:
        """Sign a bench mandate for this site; the link will carry it."""
        self.city.ensure_mandate(self.site, self.models, DEVICE)

    @property
    def site(self) -> Path:
        """The site file."""
        return self.base / "site.toml"

    @property
    def models(self) -> Path:
        """Built models, where root sees them."""
        return self._repository / ".cache" / "models"

    def command(self, name: str) -> list[str]:
        """What starts a room behind its walls."""
        words = ["-m", f"edge.{name}.run", "--data", str(self.data)]
        if name == "eye":
            models = self.base / "program" / ".cache" / "models"
            words += ["--site", str(self.site), "--models", str(models), "--loop"]
        return self._enter(name, words)

    def start(self, name: str) -> int:
        """Begin a room's life; its process id."""
        with (self.base / "logs" / name).open("ab") as log:
            self._children[name] = subprocess.Popen(
                self.command(name), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self._environment(), cwd=self.base,
            )  # fmt: skip
        return self._children[name].pid

    def start_kept(self, names: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Begin the lives of rooms under one keeper, which root runs; the keeper."""
        told = json.dumps({name: self.command(name) for name in names})
        with (self.base / "logs" / "keeper").open("ab") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-c", _KEEPER, told, str(self.base / "logs")],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self._environment(), cwd=self.base,
            )  # fmt: skip
        self._children["keeper"] = keeper
        return keeper

    def pid(self, name: str) -> int:
        """A running room's process."""
        assert self._children[name].poll() is None, f"the {name} ended by itself:{self.log(name)}"
        return self._children[name].pid

    def number(self, name: str) -> int:
        """A room's user."""
        return self._numbers[f"vigie-{name}"]

    def kill(self, name: str) -> None:
        """As the kernel does when memory is out."""
        child = self._children[name]
        child.send_signal(signal.SIGKILL)
        child.wait()

    def lives_for(self, name: str, seconds: float) -> bool:
        """Whether a room is still alive after so long."""
        try:
            self._children[name].wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def inside(self, name: str, module: str, told: object) -> list[str]:
        """Run a module in a room's place: its user, groups, namespaces. JSON in, JSON out."""
        if name == "link":  # the host's network is its own; it may be dead
            words = self._enter(name, ["-m", module])
        else:
            words = ["nsenter", "--target", str(self.pid(name)), "--mount", "--net"]
            words += [*self._as_user(name), "-m", module]
        done = subprocess.run(
            words,
            input=json.dumps(told), capture_output=True, text=True, check=False,
            env=self._environment(), cwd="/", timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [str(each) for each in json.loads(done.stdout)]

    def logs(self) -> str:
        """The end of what each room wrote, for a failure's message."""
        return "\n".join(f"--- {name}\n{self.log(name)}" for name in (*ROOMS, "keeper"))

    def status(self) -> dict[str, object]:
        """The eye's word; empty before its first."""
        path = eye_status_path(self.data)
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def log(self, name: str) -> str:
        """The end of what a room wrote."""
        path = self.base / "logs" / name
        return path.read_text(errors="replace")[-3_000:] if path.exists() else ""

    def wait_for_analysis(self) -> None:
        """Until the eye computes under a mandate and the collector has an event of a rule."""
        self.wait(lambda: self.status().get("mandate_reason") == "", "the mandate holds")
        self.wait(lambda: bool(self.signals()), "an event of a rule is at the collector")

    def wait(self, is_so: Callable[[], bool], what: str) -> None:
        """Until something holds; fails after a minute with the rooms' logs."""
        try:
            wait_until(is_so, what, folders=(self.data, self.room.data))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.status()}\n{self.logs()}") from None

    def signals(self) -> list[dict[str, object]]:
        """What the collector has stored, without health events."""
        told = run_command(["events", "list", "--json", "--data", str(self.room.data)])
        return [each for each in told if not str(each["rule"]).startswith("health/")]

    def close(self) -> None:
        """End everything that was started here."""
        for child in self._children.values():
            child.kill()
            child.wait()
        self.room.__exit__(None, None, None)
        shutil.rmtree(self.base)

    def _enter(self, name: str, words: Sequence[str]) -> list[str]:
        unshare = ["unshare", "--mount", "--propagation", "private"]
        unshare += ["--net"] if name != "link" else []
        places = [sys.base_prefix, str(self.base), sysconfig.get_path("purelib")]
        shell = ["sh", "-ec", _ENTER, "sh", *places, str(self._repository)]
        return [*unshare, *shell, *self._as_user(name), *words]

    def _as_user(self, name: str) -> list[str]:
        user = self._numbers[f"vigie-{name}"]
        groups = ",".join(str(self._numbers[group]) for group in self._groups[name])
        python = f"{self.base}/python/bin/python3.{sys.version_info.minor}"
        return [
            "setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={groups}",
            *_NO_POWERS, python, "-c", _DENY_EXECUTABLE,
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        paths = f"{self.base}/program:{self.base}/packages"
        return {
            "PYTHONPATH": paths,
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            # The interpreter's own library, from where it is mounted.
            "LD_LIBRARY_PATH": f"{self.base}/python/lib",
        }

    def _made_from(self, name: str) -> list[list[str]]:
        lines = (self._repository / "image-build" / "units" / name).read_text().splitlines()
        return [line.split() for line in lines if line and not line.startswith("#")]

    def _make_users(self) -> None:
        self._numbers = {"root": 0, "video": _FIRST_NUMBER}
        for kind, name, *rest in self._made_from("vigie.sysusers"):
            if kind in {"u", "g"}:
                self._numbers[name] = _FIRST_NUMBER + len(self._numbers)
            else:
                self._groups[name.removeprefix("vigie-")].append(rest[0])

    def _make_folders(self) -> None:
        for _, path, mode, user, group, _ in self._made_from("vigie.tmpfiles"):
            if not f"{path}/".startswith(f"{_POLE}/"):
                continue
            folder = self.data / Path(path).relative_to(_POLE)
            folder.mkdir(exist_ok=True)
            os.chown(folder, self._numbers[user], self._numbers[group])
            folder.chmod(int(mode, 8))

    def _make_camera(self) -> None:
        """A film as a camera sends it, its site, and a device only the group video may open."""
        scene = SCENES[CAMERA]()
        with av.open(str(self.film), "w") as container:
            stream = container.add_stream("libx264", rate=_FILM_FPS)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = scene.width_px, scene.height_px
            stream.pix_fmt = "yuv420p"
            stream.options = {"bf": "0", "preset": "ultrafast", "g": str(_FILM_FPS)}
            for number in range(_FILM_SECONDS * _FILM_FPS):
                drawn = scene.draw(round(number * scene.pictures_per_second / _FILM_FPS))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, format="bgr24")))
            container.mux(stream.encode(None))
        # Who may not open the camera may not open the film that stands for it either.
        self._leave_to_video(self.film)
        text = (self._repository / "edge" / "demo" / "sites" / f"{CAMERA}.toml").read_text()
        self.site.write_text(text.replace(f"sim:{CAMERA}", f"file:{self.film}"))
        os.mknod(self.camera_device, stat.S_IFCHR | 0o660, os.makedev(1, 3))
        self._leave_to_video(self.camera_device)

    def _leave_to_video(self, path: Path) -> None:
        os.chown(path, 0, self._numbers["video"])
        path.chmod(0o660)
