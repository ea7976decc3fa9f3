"""The demo's footage: the pedestrian clip of Debian's `opencv-doc`, made to look like a camera.

Only that one file of the package is kept. It is coded once as H.264 with a key frame every two
seconds and no B frames, which is what a street camera sends.
"""

import contextlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from edge.errors import Kind, VigieError

PACKAGE = "opencv-doc"
CLIP_IN_PACKAGE = "./usr/share/doc/opencv-doc/examples/data/vtest.avi"
INSTALLED_CLIP = Path("/") / CLIP_IN_PACKAGE
CLIP_NAME = "pedestrians.mp4"
GOP_FRAMES = 20
BITRATE_BITS_PER_SECOND = 2_000_000


def ensure_clip(cache: Path, say: Callable[[str], None]) -> Path:
    """The clip as H.264 in `cache`, fetched and coded on the first call.

    Raises:
        VigieError: UNAVAILABLE when the package cannot be fetched, DATA_LOSS when it holds no
            such clip or the clip cannot be read.
    """
    clip = cache / CLIP_NAME
    if clip.exists():
        return clip
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        source = INSTALLED_CLIP
        if not source.exists():
            say(f"vigie: fetching Debian's {PACKAGE} (96 MB, once) for its pedestrian clip")
            source = _fetch_clip(Path(scratch))
        say("vigie: coding the clip as H.264, as a camera would")
        coded = Path(scratch) / CLIP_NAME
        code_as_camera(source, coded)
        coded.replace(clip)
    return clip


def can_fetch() -> bool:
    """True on a Debian machine, where the clip can be had by name."""
    return INSTALLED_CLIP.exists() or shutil.which("apt-get") is not None


def _fetch_clip(scratch: Path) -> Path:
    if os.geteuid() == 0:
        # apt drops to its own user to download, which must be able to write here.
        scratch.chmod(0o755)
        with contextlib.suppress(LookupError):
            shutil.chown(scratch, user="_apt")
    fetched = _apt("download", PACKAGE, cwd=scratch)
    if fetched.returncode and os.geteuid() == 0:
        _apt("update", "-qq", cwd=scratch)
        fetched = _apt("download", PACKAGE, cwd=scratch)
    archives = list(scratch.glob(f"{PACKAGE}_*.deb"))
    if fetched.returncode or not archives:
        reason = (fetched.stderr.strip().splitlines() or ["apt-get gave no reason"])[-1]
        raise VigieError(
            Kind.UNAVAILABLE,
            f"Debian's package {PACKAGE} cannot be fetched: {reason}",
            hint="Run 'apt-get update' as root, or 'vigie demo --source sim'.",
        )
    return extract_clip(archives[0], scratch)


def _apt(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def extract_clip(archive: Path, scratch: Path) -> Path:
    """Take the clip, and nothing else, out of the package's archive into `scratch`.

    Raises:
        VigieError: DATA_LOSS when the package does not contain it.
    """
    clip = scratch / "source.avi"
    unpacker = subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(archive)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with unpacker, tarfile.open(fileobj=unpacker.stdout, mode="r|") as files:
        for member in files:
            content = files.extractfile(member) if member.name == CLIP_IN_PACKAGE else None
            if content is not None:
                with clip.open("wb") as out:
                    shutil.copyfileobj(content, out)
                unpacker.kill()
                return clip
    raise VigieError(
        Kind.DATA_LOSS,
        f"{archive.name} does not contain {CLIP_IN_PACKAGE}",
        hint="Run 'vigie demo --source sim', or give a clip of your own: --source FILE.",
    )


def code_as_camera(source: Path, coded: Path) -> None:
    """Code a film as H.264 with a key frame every two seconds and no B frames.

    Raises:
        VigieError: DATA_LOSS when it cannot be read.
    """
    import av  # noqa: PLC0415 - a second of imports that a cached clip does not need
    from av.video.frame import PictureType  # noqa: PLC0415

    options = {
        "preset": "veryfast",
        "bf": "0",
        "g": str(GOP_FRAMES),
        "sc_threshold": "0",
        "threads": "2",
    }
    try:
        with av.open(str(source)) as camera, av.open(str(coded), "w", format="mp4") as out:
            pictures = camera.streams.video[0]
            rate = Fraction(pictures.average_rate or 10)
            stream = out.add_stream("libx264", rate=rate, options=options)
            stream.width, stream.height = pictures.width, pictures.height
            stream.pix_fmt = "yuv420p"
            stream.bit_rate = BITRATE_BITS_PER_SECOND
            for number, picture in enumerate(camera.decode(pictures)):
                frame = picture.reformat(format="yuv420p")
                frame.pts, frame.time_base = number, 1 / rate
                # The encoder would copy the source's choice of key frames.
                frame.pict_type = PictureType.NONE
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    except (av.FFmpegError, IndexError) as error:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the clip {source.name} cannot be coded again: {error}",
            hint="Remove the demo's cache and try again, or use 'vigie demo --source sim'.",
        ) from error
