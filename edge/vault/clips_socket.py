"""The clip desk's thread: listens for the link, and cuts while nothing is said.

One link at a time; a new connection takes the place of the old one, for a link that was killed
leaves its connection behind. What could not be said waits, at most 256 sentences, the oldest are
dropped: clips that are ready are announced again anyway.
"""

import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from edge.clock import Clock
from edge.errors import VigieError
from edge.evidence.pole_key import ensure_evidence_key
from edge.vault.clips import ClipDesk
from edge.vault.clips_making import Standing
from edge.vault.places import VaultPlaces
from edge.vault.reader import RingReader
from edge.wire.clip_talk import (
    FromVault,
    Lines,
    TalkError,
    clips_socket_path,
    parse_to_vault,
    write_line,
)
from edge.wire.doorway import short_address

MAX_UNSAID = 256
_TICK_S = 1.0
# A link that takes nothing for so long is hung; it connects again.
_SEND_WITHIN_S = 5.0
_READ_BYTES = 65_536
_SOCKET_MODE = 0o660
_FOLDER_MODE = 0o750
_LOG = logging.getLogger("vigie.vault")


@contextmanager
def open_clip_desk(data: Path, device: str, clock: Clock) -> Iterator["ClipSocket | ClosedDesk"]:
    """The desk of the pole whose state stands in `data`, listening until the block ends.

    One that cannot be opened (a damaged audit or key, a folder of somebody else) is closed: it is
    logged, every clip is then refused because nobody answers, and recording goes on.
    """
    places = VaultPlaces(data)
    try:
        key = ensure_evidence_key(places.vault, device)
        desk = ClipDesk(
            data,
            lambda: RingReader(places),
            key,
            device=device,
            software=version("vigie"),
            clock=clock,
        )
        opened = ClipSocket(data, desk)
    except (VigieError, OSError) as error:
        _LOG.error("clip_desk_closed reason=%s", error)
        yield ClosedDesk()
        return
    try:
        yield opened
    finally:
        opened.close()


class ClosedDesk:
    """Stands where a desk could not be opened; nobody listens."""

    is_alive = True

    def follow(self, standing: Standing) -> None:
        """Nobody needs to know."""


class ClipSocket:
    """Owns the desk once started. `follow` and `close` may be called from another thread."""

    def __init__(self, data: Path, desk: ClipDesk) -> None:
        """Listen and start. Raises OSError when the socket cannot be made."""
        self._desk = desk
        self._path = clips_socket_path(data)
        # On an installed pole the folder is there, with the group that may come in.
        self._path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with short_address(self._path) as address:
            self._listener.bind(address)
        self._path.chmod(_SOCKET_MODE)
        self._listener.listen(2)
        self._link: socket.socket | None = None
        self._lines = Lines()
        self._unsaid: deque[FromVault] = deque(maxlen=MAX_UNSAID)
        self._waker, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="clip-desk", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended, whyever."""
        return self._thread.is_alive()

    def follow(self, standing: Standing) -> None:
        """What the mandate room says from now on; at least once a second."""
        self._desk.standing = standing

    def close(self) -> None:
        """End the thread after what it is doing; a clip being cut is finished first."""
        self._is_closing = True
        self._waker.send(b"\0")
        self._thread.join()
        for each in (self._listener, self._waker, self._woken):
            each.close()
        self._path.unlink(missing_ok=True)

    def _work(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        while not self._is_closing:
            try:
                self._turn()
            except (VigieError, OSError) as error:
                # Disk or audit failed: nothing was cut for it; the link asks again.
                _LOG.error("clip_desk_failed reason=%s", error)
                self._hang_up()
        self._hang_up()
        self._selector.close()
        self._desk.close()

    def _turn(self) -> None:
        wait_s = 0.0 if self._desk.has_work else _TICK_S
        for key, _ in self._selector.select(wait_s):
            if key.fileobj is self._listener:
                self._pick_up()
            elif key.fileobj is self._link:
                self._hear()
        if self._desk.has_work and not self._is_closing:
            self._say(self._desk.cut_next())

    def _pick_up(self) -> None:
        self._hang_up()
        link, _ = self._listener.accept()
        link.settimeout(_SEND_WITHIN_S)
        self._link = link
        self._lines = Lines()
        self._selector.register(link, selectors.EVENT_READ)
        unsaid = list(self._unsaid)
        self._unsaid.clear()
        self._say([*unsaid, *self._desk.announce()])

    def _hear(self) -> None:
        assert self._link is not None
        try:
            received = self._link.recv(_READ_BYTES)
            if not received:
                self._hang_up()
                return
            for line in self._lines.feed(received):
                self._say(self._desk.take(parse_to_vault(line)))
        except (TalkError, ConnectionError, TimeoutError) as error:
            _LOG.warning("clip_link_refused reason=%s", error)
            self._hang_up()

    def _say(self, sentences: Iterable[FromVault]) -> None:
        for sentence in sentences:
            try:
                if self._link is None:
                    raise BrokenPipeError
                self._link.sendall(write_line(sentence))
            except (ConnectionError, TimeoutError):
                self._unsaid.append(sentence)
                self._hang_up()

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with suppress(KeyError):
                self._selector.unregister(link)
            link.close()
