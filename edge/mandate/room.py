"""The shell that a process of the pole holds: files in, permits out.

`poll` is called at least once a second, and when something comes; it takes what the link brought,
asks for the time, and writes down what must survive. `permit` is called for every frame and every
fragment. One thread.
"""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from edge.clock import Clock
from edge.mandate.clock_proof import ClockProof, ClockProver
from edge.mandate.envelope import MAX_ENVELOPE_BYTES
from edge.mandate.gate import Facts, Gate, Permit, no_permit
from edge.mandate.kernel_clock import ReadKernelClock, kernel_clock_reader
from edge.mandate.lookout import Lookout
from edge.mandate.mailbox import read_time_answers
from edge.mandate.places import INCOMING_PATTERN, Places, time_answers_path
from edge.mandate.problem import MandateError
from edge.mandate.reason import Reason
from edge.mandate.register import News, NewsKind, Register
from edge.mandate.statement import Mandate
from edge.mandate.store import Store
from edge.mandate.trust import MAX_TRUST_BYTES, Trust, load_trust
from edge.whole_file import read_bounded

PERSIST_CLOCK_NS = 300 * 1_000_000_000
_MAX_NAMES = 256
_MAX_OFFERS = 64


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it was taken."""

    path: Path
    modified_ns: int
    size_bytes: int
    inode: int


class MandateRoom:
    """One room's mandates: eye (computes=True) or vault (False).

    Reads its files when made; a trust file that is missing, then or later, means that nothing is
    allowed. kernel: asked for its own clock; None: the running kernel.
    """

    def __init__(
        self,
        places: Places,
        *,
        device: str,
        clock: Clock,
        computes: bool,
        kernel: ReadKernelClock | None = None,
    ) -> None:
        self._places = places
        self._device = device
        self._clock = clock
        self._computes = computes
        self._kernel = kernel or kernel_clock_reader()
        self._store = Store(places)
        # Paths that are looked at every second, made once.
        self._trust_path, self._incoming = places.trust, places.incoming
        self._answers_path = time_answers_path(places.data)
        self._lookout = Lookout([places.incoming])
        self._facts: Facts | None = None
        self._has_come = False
        self._news: list[News] = []
        self._complaint = ""
        self._open()

    @property
    def trust(self) -> Trust | None:
        """Whom this room believes; None: nobody."""
        return self._register.trust if self._register else None

    @property
    def mandate(self) -> Mandate | None:
        """The mandate in force, which may have ended or have no window open. None: there is none,
        or the clock is not proven.
        """
        proof = self.clock_proof
        if self._register is None or not isinstance(proof, ClockProof):
            return None
        held = self._register.in_force(proof.earliest_utc_ns)
        return held.mandate if held else None

    @property
    def clock_proof(self) -> ClockProof | Reason:
        """What proves the clock now, or why nothing does."""
        return self._prover.prove() if self._prover else Reason.NO_TRUST

    def set_facts(self, facts: Facts) -> None:
        """Rules and models as they run from now on."""
        self._facts = facts
        if self._gate is not None:
            self._gate.set_facts(facts)

    def permit(self, camera: str, facts: Facts | None = None) -> Permit:
        """What is allowed for this camera now. Cheap enough for every frame.

        facts: under which the camera's stream was made, where they come with it (the vault).
        """
        return self._gate.permit(camera, facts) if self._gate else no_permit(camera, self._closed)

    def standing(self) -> Permit:
        """What holds for the pole as a whole: mode, version, clock, and the reason if none."""
        return self._gate.standing() if self._gate else no_permit("", self._closed)

    @property
    def handles(self) -> tuple[int, ...]:
        """What becomes readable when the link has brought something."""
        return self._lookout.handles

    def has_come(self) -> bool:
        """Whether something came that no `poll` has looked at."""
        self._has_come |= self._lookout.take()
        return self._has_come

    def poll(self) -> tuple[News, ...]:
        """Take what came, forget what is over, write down what must survive; what happened."""
        self._lookout.take()
        self._has_come = False
        if self._trust_state() != self._trust_seen:
            self._open()
        self._take_time()
        proof = self.clock_proof
        self._take_incoming()
        if self._register is not None and isinstance(proof, ClockProof):
            self._follow(self._register.begun(proof.earliest_utc_ns))
        self._persist()
        news, self._news = tuple(self._news), []
        return news

    def close(self) -> None:
        """Write down how late it is. Raises nothing: the last floor on disk stands."""
        self._persist(is_ending=True)
        self._lookout.close()

    def _open(self) -> None:
        """Read everything anew: at the start, and when root has written another trust file."""
        self._register: Register | None = None
        self._written: Register | None = None
        self._gate: Gate | None = None
        self._prover: ClockProver | None = None
        self._closed = Reason.NO_TRUST
        self._seen: frozenset[_Seen] = frozenset()
        self._answers_seen: _Seen | None = None
        self._is_dirty = False
        self._trust_seen = self._trust_state()
        trust = self._read_trust()
        stored = self._store.read()
        self._persisted_ns = self._clock.monotonic_ns()
        if trust is None:
            return
        if stored.floors is None:
            self._closed = Reason.FLOOR_LOST
            return
        register, told = Register(trust, self._device, stored.floors).restore(stored.envelopes)
        self._news += told
        self._is_dirty = not stored.is_whole
        self._register = register
        self._prover = ClockProver(
            self._device,
            self._clock,
            self._kernel,
            clip_key=trust.clip_key,
            floor_utc_ns=stored.clock_floor_utc_ns,
        )
        self._gate = Gate(self._prover, self._clock, register, computes=self._computes)
        if self._facts is not None:
            self._gate.set_facts(self._facts)

    def _read_trust(self) -> Trust | None:
        content = read_bounded(self._places.trust, MAX_TRUST_BYTES)
        if content is None:
            return None
        try:
            return load_trust(content)
        except MandateError as error:
            self._news.append(News(NewsKind.REFUSED, f"{self._places.trust}: {error}"))
            return None

    def _trust_state(self) -> _Seen | None:
        return _state(self._trust_path)

    def _take_incoming(self) -> None:
        """Offer each file once; one that could not be written down is offered again."""
        if self._register is None:
            return
        found = islice(self._incoming.glob(INCOMING_PATTERN), _MAX_NAMES)
        states = [state for path in sorted(found) if (state := _state(path)) is not None]
        fresh = [state for state in states if state not in self._seen][:_MAX_OFFERS]
        taken = {state for state in fresh if self._take(state.path)}
        self._seen = frozenset(state for state in states if state in self._seen or state in taken)

    def _take(self, path: Path) -> bool:
        """Offer one file; whether it is done with."""
        assert self._register is not None
        received = read_bounded(path, MAX_ENVELOPE_BYTES)
        if received is None:
            return True
        register, news = self._register.offer(received)
        if news.kind is NewsKind.ACCEPTED and not self._write(register):
            # It never held: after a cut, a mandate that is not on disk would be gone again.
            return False
        self._follow(register)
        self._news.append(news)
        return True

    def _take_time(self) -> None:
        if self._prover is None:
            return
        answers = _state(self._answers_path)
        if answers != self._answers_seen:
            self._answers_seen = answers
            for answer in read_time_answers(self._places.data):
                self._prover.take_answer(answer)
        nonce = self._prover.ask()
        if nonce is not None:
            try:
                self._store.write_question(nonce)
            except OSError as error:
                self._complain(f"the time cannot be asked: {error}")

    def _follow(self, register: Register) -> None:
        """Hold by another state at once; what cannot be written now is written later.

        Only revocations and replacements come here unwritten: both stop something.
        """
        if register == self._register:
            return
        self._is_dirty |= register is not self._written
        self._register = register
        assert self._gate is not None
        self._gate.set_register(register)

    def _persist(self, *, is_ending: bool = False) -> None:
        if self._register is None or self._prover is None:
            return
        if self._is_dirty:
            self._is_dirty = not self._write(self._register)
        now = self._clock.monotonic_ns()
        if not is_ending and now - self._persisted_ns < PERSIST_CLOCK_NS:
            return
        self._persisted_ns = now
        try:
            self._store.write_clock_floor(self._prover.floor_utc_ns)
        except OSError as error:
            self._complain(f"the clock's floor is not kept: {error}")

    def _write(self, register: Register) -> bool:
        assert self._prover is not None
        try:
            self._store.write_register(register, self._prover.floor_utc_ns)
        except OSError as error:
            self._complain(f"the mandate cannot be kept: {error}")
            return False
        self._written, self._complaint = register, ""
        return True

    def _complain(self, what: str) -> None:
        """Once, not every second while a disk is full."""
        if what != self._complaint:
            self._news.append(News(NewsKind.REFUSED, what))
        self._complaint = what


def _state(path: Path) -> _Seen | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return _Seen(path, status.st_mtime_ns, status.st_size, status.st_ino)
