"""The table from a kind of source to the module behind it; each is imported when chosen."""

from edge.eye.camera.source import Address, Medium, PacketSink, Source

STALL_SECONDS = 10.0


def open_source(
    address: Address, sink: PacketSink | None = None, stall_seconds: float = STALL_SECONDS
) -> Source:
    """An opened source; the caller closes it.

    stall_seconds: how long a live source may say nothing. Raises: CameraError.
    """
    match address.medium:
        case Medium.FILE:
            from edge.eye.camera.file import open_file  # noqa: PLC0415 - only what is chosen

            return open_file(address.place, sink)
        case Medium.RTSP:
            from edge.eye.camera.rtsp import open_rtsp  # noqa: PLC0415

            return open_rtsp(address, sink, stall_seconds)
        case Medium.V4L2:
            from edge.eye.camera.v4l2 import open_v4l2  # noqa: PLC0415

            return open_v4l2(address.place, sink)
        case Medium.PICAMERA2:
            from edge.eye.camera.picamera import open_picamera  # noqa: PLC0415

            return open_picamera(address.place, stall_seconds)
        case Medium.SIM:
            from edge.eye.camera.sim import open_sim  # noqa: PLC0415

            return open_sim(address.place)
