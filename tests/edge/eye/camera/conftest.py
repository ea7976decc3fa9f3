"""A real RTSP server and a wire to it that can be hurt."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.tcp_proxy import TcpProxy

SYSTEM_PYTHON = Path("/usr/bin/python3")
PROBE = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); "
    "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
    "assert Gst.ElementFactory.find('x264enc') and Gst.ElementFactory.find('rtph264pay')"
)


@contextmanager
def serve_rtsp(
    repository: Path, *words: str | Path
) -> "Iterator[tuple[subprocess.Popen[bytes], tuple[int, int]]]":
    """tests/fakes/rtsp_server.py with these words; itself and its open and its locked port."""
    if (
        not SYSTEM_PYTHON.exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", PROBE], capture_output=True, check=False).returncode
    ):
        pytest.skip(
            "needs GStreamer's RTSP server: apt install python3-gi gir1.2-gst-rtsp-server-1.0 "
            "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
        )
    program = [SYSTEM_PYTHON, repository / "tests/fakes/rtsp_server.py", *words]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        open_port, locked_port = map(int, server.stdout.readline().split())
        yield server, (open_port, locked_port)
        server.communicate(b"quit\n", timeout=60)


@pytest.fixture(scope="session")
def rtsp_ports(repository: Path) -> Iterator[tuple[int, int]]:
    """The open and the locked port of tests/fakes/rtsp_server.py, where its streams are listed."""
    with serve_rtsp(repository) as (_, ports):
        yield ports


@pytest.fixture
def wire(rtsp_ports: tuple[int, int]) -> Iterator[TcpProxy]:
    """A proxy before the open RTSP port."""
    proxy = TcpProxy(rtsp_ports[0])
    yield proxy
    proxy.close()
