"""A root's shell on the second serial line of a virtual pole, brought along by the bench.

No image has it: the unit comes with the machine, as do all units of a test.
"""

import contextlib
import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from tests.image.machine import PATIENCE_SECONDS, MachineSilenceError, Running

UNIT = """\
[Unit]
DefaultDependencies=no
After=dev-ttyS1.device
[Service]
ExecStartPre=/usr/bin/stty -F /dev/ttyS1 raw -echo
ExecStart=/bin/sh -c "echo the bench listens; exec /bin/sh"
StandardInput=file:/dev/ttyS1
StandardOutput=file:/dev/ttyS1
StandardError=journal
Restart=always
"""
_CHUNK_BYTES = 65_536


class Shell:
    """Runs one command after another; each ends with a word that no command says."""

    def __init__(self, line: socket.socket, running: Running) -> None:
        self._line = line
        self._running = running
        self._numbers = itertools.count(1)
        self._heard = ""
        self._is_ready = False

    def run(self, command: str, *, seconds: float = PATIENCE_SECONDS) -> str:
        """What the command said; it must succeed."""
        code, said = self.attempt(command, seconds=seconds)
        assert code == 0, f"{command!r} ended with {code}: {said}"
        return said

    def attempt(self, command: str, *, seconds: float = PATIENCE_SECONDS) -> tuple[int, str]:
        """Exit code and what the command said, on either stream."""
        self._wait_until_ready()
        mark = f"bench-{next(self._numbers)}-ended"
        self._line.sendall(f"{{ {command}\n}} 2>&1 </dev/null; echo {mark} $?\n".encode())
        deadline = time.monotonic() + seconds
        while (found := self._heard.partition(mark))[1] == "" or "\n" not in found[2]:
            self._read(deadline, command)
        said, _, rest = found
        code, _, self._heard = rest.partition("\n")
        return int(code), said.strip()

    def leave(self, command: str) -> None:
        """Start what does not come back."""
        self._wait_until_ready()
        self._line.sendall(f"{command}\n".encode())

    def _wait_until_ready(self) -> None:
        """Before the line is raw it would say back what it hears."""
        while not self._is_ready:
            self._read(time.monotonic() + PATIENCE_SECONDS, "start")
            if "listens" in self._heard:
                self._is_ready, self._heard = True, ""

    def _read(self, deadline: float, command: str) -> None:
        self._line.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            chunk = self._line.recv(_CHUNK_BYTES)
        except TimeoutError:
            chunk = b""
        if not chunk:
            raise MachineSilenceError(self._running.told(f"{command!r} did not end: {self._heard}"))
        self._heard += chunk.decode(errors="replace")


class SecondLine:
    """The line before and after the machine is on; a boot's `arguments` for QEMU are `words`."""

    def __init__(self, folder: Path) -> None:
        path = folder / "ttyS1"
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self.words = ("-chardev", f"socket,id=bench,path={path}", "-serial", "chardev:bench")

    @contextlib.contextmanager
    def open_shell(self, running: Running) -> Iterator[Shell]:
        """The shell; its first command waits until the machine has come as far."""
        with self._listener:
            self._listener.settimeout(PATIENCE_SECONDS)
            try:
                line, _ = self._listener.accept()
            except TimeoutError:
                raise MachineSilenceError(running.told("QEMU did not open the line")) from None
        with line:
            yield Shell(line, running)
