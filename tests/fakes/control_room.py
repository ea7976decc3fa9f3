"""A real collector as a process of its own, and `vigie` commands beside it."""

import subprocess
import sys
import threading
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

VIGIE = [sys.executable, "-m", "edge.cli.main"]


def run_vigie(
    *arguments: str | Path, answer: str = "", seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a person does."""
    words = [str(argument) for argument in arguments]
    return subprocess.run(
        [*VIGIE, *words], input=answer, capture_output=True, text=True, timeout=seconds, check=False
    )


class ControlRoom:
    """`with ControlRoom(folder) as room:` runs a collector on free ports of loopback.

    names: by which poles reach it from elsewhere. ports: of sessions and of enrolment; 0 is any.
    """

    def __init__(
        self, data: Path, *, names: Sequence[str] = (), ports: tuple[int, int] = (0, 0)
    ) -> None:
        self.data = data
        self._names = names
        self._ports = ports
        self._child: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._heard = ""
        self._is_up_or_over = threading.Event()

    def __enter__(self) -> "ControlRoom":
        sessions, enrolment = self._ports
        listen = ["--listen", f"127.0.0.1:{sessions}", "--enrolment", f"127.0.0.1:{enrolment}"]
        listen += ["--page", "127.0.0.1:0", *(f"--name={name}" for name in self._names)]
        self._child = subprocess.Popen(
            [*VIGIE, "collector", "run", "--data", str(self.data), *listen],
            stderr=subprocess.PIPE,
            text=True,
        )
        # Heard to its end: a collector that nobody hears stands still when the pipe is full.
        self._listener = threading.Thread(target=self._listen, args=(self._child,))
        self._listener.start()
        self._is_up_or_over.wait()
        assert "devices connect to" in self._heard, f"the collector did not start:\n{self._heard}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._child is not None
        assert self._listener is not None
        self._child.terminate()
        self._child.wait(60)
        self._listener.join()

    def _listen(self, child: "subprocess.Popen[str]") -> None:
        assert child.stderr is not None
        with child.stderr:
            for line in child.stderr:
                self._heard += line
                if "devices connect to" in line:
                    self._is_up_or_over.set()
        self._is_up_or_over.set()

    def read_addresses(self) -> dict[str, str]:
        """sessions, enrolment, page as HOST:PORT."""
        text = (self.data / "operator" / "collector.toml").read_text()
        return {name: str(address) for name, address in tomllib.loads(text).items()}

    def invite(self, name: str) -> str:
        """A token."""
        invited = run_vigie("device", "invite", name, "--data", self.data)
        assert invited.returncode == 0, invited.stderr
        words = invited.stdout.split()
        return words[words.index("--token") + 1]

    def enrol(
        self, name: str, data: Path, token: str | None = None, authority: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Enrol a device whose state is in `data`."""
        return run_vigie(
            "device", "enrol", "--collector", self.read_addresses()["enrolment"], "--ca",
            self.data / "operator" / "ca.pem", "--token", token or self.invite(name),
            "--device", name, "--data", data, "--authority", authority,
        )  # fmt: skip
