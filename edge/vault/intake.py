"""The socket on which capture children bring packets: one connection a camera, the newest wins.

Reads and hands on; who may connect is decided by the folder's group. A child that sends what no
child sends is disconnected, and its camera's gap begins.
"""

import logging
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import VigieError
from edge.vault.disk import ring_error
from edge.vault.recorder import Recorder
from edge.wire.doorway import short_address
from edge.wire.identifiers import is_camera_name
from edge.wire.packets import PacketError, StreamHello, StreamPacket, Unpacker

SOCKET_MODE = 0o660
_RECEIVE_BYTES = 256 * 1024
# Pieces read of one connection before the next is looked at.
_READS_A_TURN = 8
MAX_CONNECTIONS = 64
logger = logging.getLogger("vigie.vault")


@dataclass(slots=True)
class _Connection:
    line: socket.socket
    unpacker: Unpacker = field(default_factory=Unpacker)
    camera: str = ""


class Intake:
    """Owned by the vault's main thread. Others may add their own handles to `selector`."""

    def __init__(self, path: Path, recorder: Recorder, selector: selectors.BaseSelector) -> None:
        """Listen at a path; a socket that a dead vault left there is replaced. Raises RingError."""
        self._recorder = recorder
        self._selector = selector
        self._connections: dict[str, _Connection] = {}
        self._names: set[str] = set()
        self._open: set[int] = set()
        self._buffer = memoryview(bytearray(_RECEIVE_BYTES))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            with short_address(path) as address:
                self._listener.bind(address)
            path.chmod(SOCKET_MODE)
        except OSError as error:
            self._listener.close()
            raise ring_error(error, path) from error
        self._listener.listen(MAX_CONNECTIONS)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Take what lies in the sockets already, then hang up."""
        while self._accept():
            pass
        self._selector.unregister(self._listener)
        self._listener.close()
        for key in list(self._selector.get_map().values()):
            connection = _connection_of(key.data)
            if connection is not None:
                self._read(connection, is_last=True)
                self._hang_up(connection)

    def _accept(self) -> bool:
        """Take one caller in. False: there is none."""
        try:
            line, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        if len(self._open) >= MAX_CONNECTIONS:
            logger.warning("packets_refused reason=too_many_connections")
            line.close()
            return True
        line.setblocking(False)
        self._open.add(line.fileno())
        connection = _Connection(line)
        self._selector.register(line, selectors.EVENT_READ, _Reading(self._read, connection))
        return True

    def _read(self, connection: _Connection, *, is_last: bool = False) -> None:
        turns = 0
        while is_last or turns < _READS_A_TURN:
            turns += 1
            try:
                size_bytes = connection.line.recv_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:
                size_bytes = 0
            if not size_bytes:
                if not is_last:
                    self._hang_up(connection)
                return
            try:
                for frame in connection.unpacker.feed(self._buffer[:size_bytes]):
                    self._take(connection, frame)
            except VigieError as error:
                camera = connection.camera or "?"
                logger.warning("packets_refused camera=%s problem=%s", camera, error)
                if not is_last:
                    self._hang_up(connection)
                return

    def _take(self, connection: _Connection, frame: StreamHello | StreamPacket) -> None:
        if isinstance(frame, StreamPacket):
            self._recorder.take(connection.camera, frame)
            return
        if not is_camera_name(frame.camera) or connection.camera not in ("", frame.camera):
            raise PacketError(f"'{frame.camera}' is no camera of this connection")
        self._names.add(frame.camera)
        if len(self._names) > MAX_CONNECTIONS:
            raise PacketError(f"'{frame.camera}' is one camera too many")
        before = self._connections.get(frame.camera)
        if before is not None and before is not connection:
            self._hang_up(before)
        connection.camera = frame.camera
        self._connections[frame.camera] = connection
        self._recorder.begin(frame)
        logger.info("packets_begin camera=%s codec=%s", frame.camera, frame.codec)

    def _hang_up(self, connection: _Connection) -> None:
        self._selector.unregister(connection.line)
        self._open.discard(connection.line.fileno())
        connection.line.close()
        if self._connections.get(connection.camera) is connection:
            del self._connections[connection.camera]
            self._recorder.end(connection.camera)
            logger.info("packets_end camera=%s", connection.camera)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the selector calls when a connection has something."""

    read: Callable[[_Connection], None]
    connection: _Connection

    def __call__(self) -> None:
        self.read(self.connection)


def _connection_of(content: object) -> _Connection | None:
    return content.connection if isinstance(content, _Reading) else None
