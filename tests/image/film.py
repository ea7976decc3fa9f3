"""What the camera of a virtual pole sees: a drawn street as a film, on a disk of its own.

The disk is the bench's. No image holds the film, the site file or the probe.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import av

from edge.eye.sim.scene import SCENES

SCENE = "street"
MOUNT = "/run/bench"
FILM = f"{MOUNT}/{SCENE}.mp4"
SERIAL = "bench"
# The processor is emulated, so the street moves at a fifth of its pace: what is analysed once or
# twice a second is still followed.
FRAMES_PER_SECOND = 2
_SLOWED = 5
_FILM_SECONDS = 120
_WIDTH_PX, _HEIGHT_PX = 480, 270
# Debian's number of the group that may open cameras.
_VIDEO = 44


def make_film(path: Path) -> None:
    """As a camera sends it: H.264, a key frame each second, no B frames."""
    scene = SCENES[SCENE]()
    step = scene.pictures_per_second / FRAMES_PER_SECOND / _SLOWED
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = _WIDTH_PX, _HEIGHT_PX
        stream.pix_fmt = "yuv420p"
        stream.options = {"bf": "0", "preset": "veryfast", "g": str(FRAMES_PER_SECOND)}
        for number in range(_FILM_SECONDS * FRAMES_PER_SECOND):
            drawn = av.VideoFrame.from_ndarray(scene.draw(round(number * step)), format="bgr24")
            container.mux(stream.encode(drawn.reformat(_WIDTH_PX, _HEIGHT_PX, "yuv420p")))
        container.mux(stream.encode(None))


def write_site(repository: Path, path: Path) -> None:
    """The demo's site for a source of one's own: whoever is there is an event."""
    text = (repository / "edge" / "demo" / "sites" / "anywhere.toml").read_text()
    source = f'source = "file:{FILM}"\nanalysis_fps = {FRAMES_PER_SECOND}.0'
    path.write_text(text.replace('source = "sim:street"', source))


def make_bench_disk(repository: Path, folder: Path, units: Mapping[str, str] | None = None) -> Path:
    """A read-only disk with the film and the program that tries what is forbidden.

    units: files of systemd that a board takes from this disk, by their path.
    """
    content = folder / "bench"
    content.mkdir()
    make_film(content / Path(FILM).name)
    # Who may not open the camera may not open the film that stands for it either.
    os.chown(content / Path(FILM).name, 0, _VIDEO)
    (content / Path(FILM).name).chmod(0o640)
    shutil.copyfile(repository / "tests" / "system" / "walls_probe.py", content / "walls_probe.py")
    for name, text in (units or {}).items():
        unit = content / "units" / name
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.write_text(text)
    disk = folder / "bench.img"
    made = ["mkfs.erofs", str(disk), str(content)]
    subprocess.run(made, check=True, capture_output=True)
    return disk
