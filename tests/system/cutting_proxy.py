"""A TCP proxy that now and then cuts a connection instead of passing on what the server said.

What the server says on a session are acks: cutting before passing one on is a lost ack, with real
sockets and real TLS.
"""

import asyncio
import contextlib
import random
import threading


class CuttingProxy:
    """Listens on a loopback port of its own in a thread of its own; use it in a `with` block.

    The target may change while it runs, since a killed collector comes back on another port.
    """

    def __init__(self, seed: int, cut_share: float) -> None:
        self._random = random.Random(seed)
        self.cut_share = cut_share
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._stopping: asyncio.Event | None = None
        self.target_port = 0
        self.port = 0
        self.passed = 0
        self.cut = 0

    def __enter__(self) -> "CuttingProxy":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        up = asyncio.ensure_future(_pass_on(reader, up_writer))
        down = asyncio.ensure_future(self._pass_down(up_reader, writer))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
        writer.transport.abort()
        up_writer.transport.abort()

    async def _pass_down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while chunk := await reader.read(65536):
                if self._random.random() < self.cut_share:
                    self.cut += 1
                    return
                self.passed += 1
                writer.write(chunk)
                await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
