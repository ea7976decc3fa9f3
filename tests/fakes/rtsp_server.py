"""A real RTSP camera for tests: GStreamer's server, run by the system's Python.

    /usr/bin/python3 tests/fakes/rtsp_server.py [PICTURES]

Prints two ports on one line. The first has /street without end, /short that ends after two
seconds and /sound without video; where a folder of PICTURES is given (0000.jpg and on, ten a
second) /pictures shows them again and again without end. The second has /locked for user `mayor`
with password `s3cr:t`.
Each line on standard input is an order: `cut` closes every client's connection, `quit` or the end
of input ends the server.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions come first

ENCODED = (
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 bitrate={kbit_s} ! "
    "rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
VIDEO = (
    "( videotestsrc is-live=true pattern=ball{limit} ! "
    "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! " + ENCODED.format(kbit_s=300)
)
PICTURES = (
    "( multifilesrc location={folder}/%04d.jpg loop=true caps=image/jpeg,framerate=10/1 ! "
    "jpegdec ! videoconvert ! video/x-raw,format=I420 ! " + ENCODED
)
SOUND = "( audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8 )"
USER, PASSWORD = "mayor", "s3cr:t"


def make_server(streams: dict[str, str]) -> GstRtspServer.RTSPServer:
    """A server on a free port of the loopback, with pipelines by path."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    for path, pipeline in streams.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pipeline)
        factory.set_shared(False)  # each client gets an encoder of its own, beginning anew
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role(USER, "media.factory.access", True)
        permissions.add_permission_for_role(USER, "media.factory.construct", True)
        factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    return server


def lock(server: GstRtspServer.RTSPServer) -> None:
    """Let nobody in without the password."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", USER)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
    server.set_auth(auth)


def cut(server: GstRtspServer.RTSPServer) -> bool:
    """Close every client; False, so that GLib calls once."""
    server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)
    return False


def obey(servers: list[GstRtspServer.RTSPServer], loop: GLib.MainLoop) -> None:
    """Orders from standard input, carried out on the main loop."""
    for order in sys.stdin:
        if order.strip() == "cut":
            for server in servers:
                GLib.idle_add(cut, server)
        if order.strip() == "quit":
            break
    GLib.idle_add(loop.quit)


def main() -> None:
    """Serve until told to end."""
    Gst.init(None)
    loop = GLib.MainLoop()
    endless, short = VIDEO.format(limit=""), VIDEO.format(limit=" num-buffers=50")
    open_streams = {"/street": endless, "/short": short, "/sound": SOUND}
    if len(sys.argv) > 1:
        open_streams["/pictures"] = PICTURES.format(folder=sys.argv[1], kbit_s=2000)
    servers = [
        make_server(open_streams),
        make_server({"/locked": endless}),
    ]
    lock(servers[1])
    for server in servers:
        server.attach(None)
    threading.Thread(target=obey, args=(servers, loop), daemon=True).start()
    print(*(server.get_bound_port() for server in servers), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
