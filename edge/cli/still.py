"""One picture of what a camera sees, from an image or the start of a recording."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole

if TYPE_CHECKING:
    from edge.site.label import Picture

_QUARTER_TURN_DEG = 90


def read_still(path: Path) -> "Picture":
    """The image, or the first frame of the video, upright: height x width x 3, uint8, BGR.

    Raises VigieError: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT.
    """
    import av  # noqa: PLC0415 - --help must not load FFmpeg
    import numpy as np  # noqa: PLC0415

    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0), None)
    except FileNotFoundError:
        raise _refused(Kind.NOT_FOUND, path, "no such file") from None
    except PermissionError:
        raise _refused(Kind.PERMISSION_DENIED, path, "may not be read") from None
    except IndexError:
        raise _refused(Kind.INVALID_ARGUMENT, path, "has no picture in it") from None
    except (av.error.FFmpegError, OSError) as broken:
        what = f"no image or video: {broken.strerror}"
        raise _refused(Kind.INVALID_ARGUMENT, path, what) from None
    if frame is None:
        raise _refused(Kind.INVALID_ARGUMENT, path, "has no picture in it")
    upright = np.rot90(frame.to_ndarray(format="bgr24"), frame.rotation // _QUARTER_TURN_DEG)
    return np.ascontiguousarray(upright, dtype=np.uint8)


def write_png(path: Path, picture: "Picture") -> None:
    """Write a picture whole or not at all. Raises VigieError."""
    import cv2  # noqa: PLC0415

    ok, content = cv2.imencode(".png", picture)
    if not ok:
        raise VigieError(Kind.INTERNAL, "the picture could not be packed as PNG", where=str(path))
    try:
        write_whole(path, content.tobytes(), mode=0o644, folder_mode=None, is_synced=False)
    except OSError as refused:
        what = f"cannot be written: {refused.strerror}"
        hint = "Give --out a path in a folder that exists and that you may write to."
        raise VigieError(Kind.FAILED_PRECONDITION, what, where=str(path), hint=hint) from None


def _refused(kind: Kind, path: Path, what: str) -> VigieError:
    hint = "Give --still an image or a recording, or leave it out for a grey grid."
    return VigieError(kind, what, where=str(path), hint=hint)
