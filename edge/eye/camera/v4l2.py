"""A camera on USB or a capture card, through the kernel's V4L2."""

import errno
from pathlib import Path

from av.error import FFmpegError

from edge.eye.camera.demux import Demux, Input
from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, PacketSink


def open_v4l2(device: str, sink: PacketSink | None) -> Demux:
    """A device that delivers pictures. Raises: CameraError."""
    if not Path(device).exists():
        raise CameraError(
            LossReason.NOT_FOUND,
            f"there is no video device {device}",
            hint="Is it plugged in? List what there is: ls /dev/video*",
        )
    source = Input(device, device, lambda error: explain(device, error), "video4linux2,v4l2")
    demux = Demux(source, sink)
    demux.open()
    return demux


def explain(device: str, error: FFmpegError) -> CameraError:
    """What a person needs to know about a device that does not open or read."""
    if error.errno == errno.EBUSY:
        return CameraError(
            LossReason.REFUSED,
            f"{device} is used by another program",
            hint=f"Find it and stop it: fuser {device}",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return CameraError(
            LossReason.REFUSED,
            f"{device} may not be opened",
            hint="Put this user into the group video: sudo usermod -aG video USER",
        )
    if error.errno == errno.ENODEV:
        return CameraError(
            LossReason.ENDED, f"{device} was unplugged", hint="It is opened again when it is back."
        )
    return CameraError(
        LossReason.NO_VIDEO,
        f"{device} is no video camera",
        hint="A camera often has several devices: try the next number.",
    )
