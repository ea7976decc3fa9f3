"""A recording as a source."""

import errno
from pathlib import Path

from av.error import FFmpegError

from edge.eye.camera.demux import Demux, Input, garbage
from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, PacketSink


def open_file(path_text: str, sink: PacketSink | None) -> Demux:
    """An opened recording. Raises: CameraError."""
    _check_file(Path(path_text))
    # The prefix keeps a path with a colon from being taken for a protocol.
    demux = Demux(Input(f"file:{path_text}", path_text, lambda e: _explain(path_text, e)), sink)
    demux.open()
    return demux


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise CameraError(
            LossReason.NOT_FOUND,
            f"{path} is a directory, not a video file",
            hint="Name one file: file:PATH.",
        )
    if not path.exists():
        raise CameraError(
            LossReason.NOT_FOUND,
            f"there is no file {path}",
            hint="A path in a site file counts from the directory that vigie was started in.",
        )
    if path.is_file() and path.stat().st_size == 0:
        raise CameraError(
            LossReason.GARBAGE, f"{path} is empty", hint="Copy the recording once more."
        )


def _explain(path_text: str, error: FFmpegError) -> CameraError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return CameraError(
            LossReason.REFUSED,
            f"{path_text} may not be read",
            hint=f"Give this user the right: chmod o+r {path_text}",
        )
    return garbage(path_text)
