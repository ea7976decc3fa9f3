"""NVIDIA's program as far as it is documented: it refuses what the real one does."""

from pathlib import Path

_SCRIPT = """#!/bin/sh
set -eu
cd "$(dirname "$0")"
case "$#:$1:${2:-}" in
  1:get-current-slot:) cat current ;;
  2:set-active-boot-slot:[01]) echo "$2" >active; : >unproven ;;
  1:mark-boot-successful:) rm -f unproven ;;
  *) echo "usage" >&2; exit 255 ;;
esac
echo "$*" >>log
"""


def write_nvbootctrl(folder: Path) -> Path:
    """The program; beside it `current` and `active`, the slots that run and that start next."""
    program = folder / "nvbootctrl"
    program.write_text(_SCRIPT)
    program.chmod(0o755)
    (folder / "current").write_text("0\n")
    (folder / "active").write_text("0\n")
    return program
