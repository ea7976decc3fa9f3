"""A call to the collector while no certificate's date can be judged.

gRPC cannot leave dates out of a verification, the standard library can. So gRPC speaks plain text
to a socket in a private folder, and what arrives there goes on through TLS with the pinned
authority, the right name, and no look at the dates. Nothing secret goes this way.
"""

import asyncio
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from edge.enrolment.diagnosis import split_address

CONNECT_SECONDS = 20.0
_CHUNK_BYTES = 65_536
# X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h; the standard library has no name for it.
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)


@asynccontextmanager
async def undated_channel(collector: str, ca_pem: str) -> AsyncIterator["Undated"]:
    """A channel to HOST:PORT. Its `failure` says afterwards why a call did not get through."""
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        path = Path(folder) / "collector"
        bridge = _Bridge(collector, _make_context(ca_pem))
        server = await asyncio.start_unix_server(bridge.carry, path)
        try:
            async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
                yield Undated(channel, bridge)
        finally:
            server.close()
            bridge.stop()


class Undated:
    """The channel, and what the bridge behind it met."""

    def __init__(self, channel: grpc.aio.Channel, bridge: "_Bridge") -> None:
        self.channel = channel
        self._bridge = bridge

    @property
    def failure(self) -> OSError | None:
        """The last connection's error; None: it stood."""
        return self._bridge.failure


class _Bridge:
    """Carries bytes both ways until either side ends."""

    def __init__(self, collector: str, context: ssl.SSLContext) -> None:
        self._host, self._port = split_address(collector)
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self.failure: OSError | None = None

    async def carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                far, to_far = await asyncio.open_connection(
                    self._host, self._port, ssl=self._context, server_hostname=self._host
                )
        except OSError as refused:
            self.failure = refused
            to_near.close()
            return
        self.failure = None
        for source, target in ((near, to_far), (far, to_near)):
            task = asyncio.ensure_future(_pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    target.close()


def _make_context(ca_pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    context.load_verify_locations(cadata=ca_pem)
    context.verify_flags |= _NO_CHECK_TIME
    return context
