"""The smallest pole that has something to look at: one camera, a drawn film, a site file."""

import re
import subprocess
from pathlib import Path

from tests.edge.eye.drawn import draw_walkers

MODELS = Path(".cache") / "models"
SITE = """
version = 1
[site]
name = "town"
[[camera]]
name = "north"
source = "file:walkers.mp4"
"""


def write_walkers_site(folder: Path) -> Path:
    """A film of a second and the site file that names it; the site file."""
    draw_walkers(folder / "walkers.mp4", frames=25)
    site = folder / "site.toml"
    site.write_text(SITE)
    return site


def read_until(process: "subprocess.Popen[str]", word: str) -> list[str]:
    """Lines of a process's log up to one that matches."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if re.search(word, line):
            return lines
    raise AssertionError(f"it ended before it said {word}: {''.join(lines)}")
