"""A wire on loopback that can be cut, stalled, reset, filled with garbage, or that loses answers.

Two ways to hurt: `set_fault` does something to all connections at once; `cut_share` cuts single
connections instead of passing on what the far side said. On a session what it says are acks: that
is a lost ack, with real sockets and real TLS.
"""

import contextlib
import random
import selectors
import socket
import struct
import threading
from enum import Enum

GARBAGE = b"\x00\xffthis is no RTSP\r\n" * 64
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Fault(Enum):
    """What happens to connections, those that stand and those to come."""

    NONE = "bytes pass both ways"
    CUT = "closed politely, and every new one too"
    RESET = "reset, and every new one too"
    STALL = "open, but silent: new ones are accepted and nothing is sent"
    GARBAGE = "answered with bytes that mean nothing"
    REFUSE = "closed, and nobody listens any more"


class TcpProxy:
    """Forwards a loopback port to another, in a thread of its own; `with` or `close` ends it.

    Faults take effect before `set_fault` returns. `target_port` may change while it runs: a killed
    server comes back on another. cut_share: of the chunks from the far side, how many end their
    connection instead, drawn by `seed`; `passed` and `cut` count them.
    """

    def __init__(self, target_port: int = 0, *, cut_share: float = 0.0, seed: int = 0) -> None:
        self.target_port = target_port
        self.cut_share = cut_share
        self.passed = self.cut = 0
        self._random = random.Random(seed)
        self._fault = Fault.NONE
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._far_ends: set[socket.socket] = set()
        self._silent: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._kept: socket.socket | None = None
        self.port = 0
        self._listen()
        self._ours, self._theirs = socket.socketpair()
        self._selector.register(self._theirs, selectors.EVENT_READ)
        self._wanted: Fault | None = Fault.NONE
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set_fault(self, fault: Fault) -> None:
        """Let it happen now."""
        self._order(fault)

    def close(self) -> None:
        """End the thread and every connection."""
        self._order(None)
        self._thread.join()
        self._give_port_back()
        self._ours.close()
        self._theirs.close()
        self._selector.close()

    def _order(self, fault: Fault | None) -> None:
        self._changed.clear()
        self._wanted = fault
        self._ours.send(b"!")
        assert self._changed.wait(60)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._theirs:
                    self._theirs.recv(1)
                    self._obey()
                    self._changed.set()
                    if self._wanted is None:
                        return
                    break  # what else was selected may be closed by now
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._forward(key.fileobj)

    def _obey(self) -> None:
        fault = self._wanted
        self._fault = fault or Fault.CUT
        if self._fault is not Fault.STALL:
            # Stalled connections are dead for good: their bytes were not kept.
            for end in list(self._silent):
                self._drop(end)
        if self._fault is Fault.NONE and self._listener is None:
            self._listen()
        if self._fault is Fault.REFUSE or fault is None:
            self._stop_listening()
        for end in list(self._peers):
            if end in self._peers:
                self._hurt(end)
        if fault is None:
            for end in [*self._peers, *self._silent]:
                self._drop(end)

    def _hurt(self, end: socket.socket) -> None:
        match self._fault:
            case Fault.NONE:
                return
            case Fault.STALL:
                self._selector.unregister(end)
                peer = self._peers.pop(end)
                self._silent.add(end)
                if peer in self._peers:
                    self._hurt(peer)
            case Fault.GARBAGE:
                with contextlib.suppress(OSError):
                    end.send(GARBAGE)
                self._drop(end)
            case Fault.RESET:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                self._drop(end)
            case Fault.CUT | Fault.REFUSE:
                self._drop(end)

    def _accept(self) -> None:
        assert self._listener is not None
        near, _ = self._listener.accept()
        if self._fault is Fault.STALL:
            self._silent.add(near)
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target_port))
        except OSError:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            near.close()
            return
        self._far_ends.add(far)
        for end, peer in ((near, far), (far, near)):
            self._peers[end] = peer
            self._selector.register(end, selectors.EVENT_READ)
        self._hurt(near)

    def _forward(self, end: socket.socket) -> None:
        try:
            chunk = end.recv(65536)
            if chunk and end in self._far_ends and not self._is_passed_on():
                chunk = b""
            self._peers[end].sendall(chunk)
        except OSError:
            chunk = b""
        if not chunk:
            self._drop(end)

    def _is_passed_on(self) -> bool:
        is_cut = self._random.random() < self.cut_share
        self.cut += is_cut
        self.passed += not is_cut
        return not is_cut

    def _drop(self, end: socket.socket) -> None:
        peer = self._peers.pop(end, None)
        if peer is not None:
            self._selector.unregister(end)
        self._silent.discard(end)
        self._far_ends.discard(end)
        end.close()
        if peer is not None and peer in self._peers:
            self._drop(peer)

    def _listen(self) -> None:
        self._give_port_back()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._selector.register(self._listener, selectors.EVENT_READ)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            # Bound, so that nobody else gets the port meanwhile, and nobody listens.
            self._kept = socket.socket()
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._kept.bind(("127.0.0.1", self.port))

    def _give_port_back(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
