"""Ends this boot so that the firmware finds what it was told."""

import subprocess
from pathlib import Path

from edge.errors import Kind
from edge.update.boot import BootError
from edge.update.pole_slots import REBOOT_ARGUMENT_FILE
from edge.whole_file import read_bounded

_MAX_ARGUMENT_BYTES = 64


def restart(root: Path = Path("/"), program: str = "systemctl") -> None:
    """Ask systemd for a restart, with the argument that a mark asked for. Raises BootError."""
    argument = (read_bounded(root / REBOOT_ARGUMENT_FILE, _MAX_ARGUMENT_BYTES) or b"").decode()
    words = [f"--reboot-argument={argument}"] if argument else []
    try:
        subprocess.run([program, "reboot", *words], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise BootError(Kind.UNAVAILABLE, f"the pole does not restart: {error}") from error
