"""A whole pole under a test's hand: eye and vault as processes; the test is link and city."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edge.evidence.request import sign_request
from edge.evidence.sealed import open_sealed
from edge.mandate.device_name import write_device
from edge.mandate.mailbox import read_time_questions, write_time_answer
from edge.mandate.time_statement import sign_time
from edge.vault.disk import RingError
from edge.vault.places import VaultPlaces
from edge.vault.reader import RingReader
from edge.wire import clip_talk as said
from edge.wire.eye_status import eye_status_path
from tests.edge.vault.test_clips_socket import Link
from tests.fakes.evidence import make_reader, make_request
from tests.fakes.mandates import CAMERA, DEVICE, City, around
from tests.waiting import wait_until

DEADLINE_SECONDS = 90.0


class LivingPole:
    """`with LivingPole(folder, site, models) as pole:` records and analyses one camera."""

    def __init__(self, folder: Path, site: str, models: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.reader = make_reader()
        self.city = City(readers=(self.reader.named,))
        self._site = folder / "site.toml"
        self._models = models
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._answered: set[bytes] = set()
        self._commands = 0
        self.data.mkdir()
        self._site.write_text(site)
        write_device(self.data, DEVICE)
        self.city.install(self.data, self.city.mandate(**around(datetime.now(UTC))))

    def __enter__(self) -> "LivingPole":
        self._start("vault", "edge.vault.run", [])
        eye = ["--site", str(self._site), "--models", str(self._models), "--loop"]
        self._start("eye", "edge.eye.run", eye)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def places(self) -> VaultPlaces:
        return VaultPlaces(self.data)

    @property
    def logs(self) -> list[Path]:
        """What every process said."""
        return sorted(self.folder.glob("*.log"))

    def get_process(self, name: str) -> int:
        return self._children[name].pid

    def get_capture_child(self) -> int:
        """The process that decodes the camera."""
        eye = self.get_process("eye")
        tasks = Path(f"/proc/{eye}/task").iterdir()
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        lines = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
        (found,) = (child for child, line in lines.items() if b"edge.eye.camera.child" in line)
        return found

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Answer for the time as the link does, until it is so."""
        doors = self.data / "doors"
        wait_until(
            is_so,
            what,
            folders=[self.data, doors],
            within_seconds=DEADLINE_SECONDS,
            each_time=self._attend,
        )

    def count_analysed(self) -> int:
        """Frames that the detector has seen."""
        path = eye_status_path(self.data)
        if not path.exists():
            return 0
        cameras = json.loads(path.read_text())["cameras"]
        return int(cameras[0]["frames_analysed"]) if cameras else 0

    def read_span(self) -> tuple[int, int]:
        """First and last moment in the ring, milliseconds UTC; zeros while it is empty."""
        try:
            with RingReader(self.places) as ring:
                span = ring.span(CAMERA)
        except RingError:
            span = None
        return (0, 0) if span is None else (span[0] // 10**6, span[1] // 10**6)

    def ask_clip(self, name: str, **changes: object) -> said.Answer | said.Ready:
        """Ask for a clip as the collector does; the refusal, or that it waits."""
        now_ms = time.time_ns() // 10**6
        request = make_request(
            clip=name,
            readers=(self.reader.keyid,),
            issued_utc_ms=now_ms,
            expires_utc_ms=now_ms + 600_000,
            **changes,
        )
        link = Link(self.data)
        try:
            self._commands += 1
            link.say(said.Request(self._commands, sign_request(request, self.city.clip_key)))
            while True:
                heard = link.hear()
                if isinstance(heard, said.Ready) and heard.clip == name:
                    return heard
                if isinstance(heard, said.Answer) and heard.code != "done":
                    return heard
                assert not isinstance(heard, said.Report) or heard.state == "cutting", heard
        finally:
            link.close()

    def open_clip(self, name: str) -> io.BytesIO:
        """What the control room's reader gets."""
        sealed = said.sealed_path(self.data, name).read_bytes()
        return io.BytesIO(b"".join(open_sealed(io.BytesIO(sealed), self.reader.private)))

    def abort(self, name: str) -> list[Path]:
        """Let a process dump its core; the files that it left, if this machine writes any."""
        resource.prlimit(self.get_process(name), resource.RLIMIT_CORE, (-1, -1))
        child = self._children.pop(name)
        child.send_signal(signal.SIGABRT)
        child.wait()
        return sorted(self.folder.glob("core*"))

    def end(self) -> None:
        """All processes, cleanly."""
        for child in self._children.values():
            child.send_signal(signal.SIGTERM)
        for child in self._children.values():
            child.wait(DEADLINE_SECONDS)
        self._children.clear()

    def _attend(self) -> None:
        self._answer_time()
        for name, child in self._children.items():
            log = (self.folder / f"{name}.log").read_text(errors="replace")
            assert child.poll() is None, f"the {name} ended by itself:\n{log[-2000:]}"

    def _answer_time(self) -> None:
        for nonce in set(read_time_questions(self.data)) - self._answered:
            now_ms = time.time_ns() // 10**6
            answer = sign_time(DEVICE, nonce, utc_ms=now_ms, error_ms=20, key=self.city.clip_key)
            write_time_answer(self.data, answer)
            self._answered.add(nonce)

    def _start(self, name: str, module: str, arguments: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", module, "--data", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            )
