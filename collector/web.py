"""The page's server, in the collector's own loop."""

import asyncio
import contextlib
import importlib
import importlib.util
import socket
from collections.abc import Iterator

import uvicorn

from collector.services import Services

STOP_SECONDS = 3
PAGE_MODULE = "collector.page.app"


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the collector ends everything in one order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class Page:
    """The page on one listening socket; nothing where the page's package is not installed."""

    def __init__(self, services: Services, listener: socket.socket) -> None:
        self._listener = listener
        self._server: _Server | None = None
        self.tasks: list[asyncio.Future[None]] = []
        if importlib.util.find_spec(PAGE_MODULE) is None:
            return
        self.application = importlib.import_module(PAGE_MODULE).create_app(services)
        self._server = _Server(
            uvicorn.Config(
                self.application,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self.tasks.append(asyncio.ensure_future(self._server.serve(sockets=[listener])))

    async def stop(self) -> None:
        """Finish what is under way and close the socket."""
        if self._server is not None:
            self._server.should_exit = True
            await asyncio.wait(self.tasks)
        self._listener.close()
