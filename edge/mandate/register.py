"""One room's mandates: which were accepted, which were revoked, and what may never come back.

Pure and immutable: each step returns the register that follows, so that a room can write it down
before it lets it hold. The order in which things may be taken:

1. Nothing without trust.
2. A mandate: signed by at least `threshold` of the pinned keys, of the pinned authority, for this
   device, of a version above every version ever accepted and not below the pinned floor.
3. A revocation: signed by one pinned key. Stopping is safe: what one honest key holder stops in
   error costs hours of detection, what one cannot stop in time may cost somebody's rights. One
   stolen key can therefore darken a pole, and never make it see.

Several mandates may be held: one in force and those that wait for their first day. The highest
version that has begun and was not revoked is in force; from then on the lower ones are forgotten
for good. Envelopes are only believed again after a restart when their version and hash stand in
the register's own record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from edge.errors import Kind
from edge.mandate.envelope import MANDATE, REVOCATION, Opened, open_envelope, verify_opened
from edge.mandate.problem import MandateError, refuse
from edge.mandate.statement import Mandate, Revocation, parse_mandate, parse_revocation
from edge.mandate.trust import Trust

MAX_HELD = 8
MAX_REVOKED_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """A mandate that was accepted, as the floor files name it."""

    version: int
    sha256: str
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Floors:
    """What must survive everything.

    highest: the highest version ever accepted. marks: those that may still hold, ascending.
    revoked_ahead: hashes of mandates that were revoked before they came, oldest first.
    """

    highest: int = 0
    marks: tuple[Mark, ...] = ()
    revoked_ahead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A verified mandate with the bytes that it came in."""

    mandate: Mandate
    envelope: bytes


class NewsKind(Enum):
    """What became of something that was offered."""

    ACCEPTED = "accepted"
    REVOKED = "revoked"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class News:
    """One line for log and command answer. version: of the mandate that it is about."""

    kind: NewsKind
    what: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """The state. held: ascending by version, each with its mark in floors."""

    trust: Trust
    device: str
    floors: Floors = Floors()
    held: tuple[Held, ...] = ()

    def offer(self, received: bytes) -> tuple["Register", News]:
        """Take a mandate or a revocation. What is refused changes nothing and is told."""
        try:
            opened = open_envelope(received)
            if opened.payload_type == MANDATE:
                return self._offer_mandate(opened, received)
            if opened.payload_type == REVOCATION:
                return self._offer_revocation(opened)
            raise refuse(f'"{opened.payload_type}" is neither a mandate nor a revocation')
        except MandateError as error:
            return self, News(NewsKind.REFUSED, str(error))

    def restore(self, envelopes: Sequence[bytes]) -> tuple["Register", tuple[News, ...]]:
        """Believe again, after a restart, what was accepted before it; all is verified anew."""
        register, told = self, []
        for received in envelopes:
            try:
                opened = open_envelope(received)
                mandate = register._verified(opened)
                if not register._has_mark(mandate):
                    raise refuse(f"version {mandate.version} is not the one that was accepted")
                register = register._with_envelope(Held(mandate, received))
            except MandateError as error:
                told.append(News(NewsKind.REFUSED, str(error)))
        return register, tuple(told)

    def begun(self, earliest_utc_ns: int) -> "Register":
        """Forget what has been replaced. earliest_utc_ns: the true time is not before this."""
        current = self.in_force(earliest_utc_ns)
        if current is None:
            return self
        lowest = current.mandate.version
        marks = tuple(mark for mark in self.floors.marks if mark.version >= lowest)
        if marks == self.floors.marks:
            return self
        held = tuple(each for each in self.held if each.mandate.version >= lowest)
        return replace(self, floors=replace(self.floors, marks=marks), held=held)

    def in_force(self, earliest_utc_ns: int) -> Held | None:
        """The highest version that has begun and was not revoked; it may have ended since."""
        now = _moment(earliest_utc_ns)
        begun = [
            each
            for each in self.held
            if each.mandate.not_before <= now and not self._is_revoked(each.mandate)
        ]
        return begun[-1] if begun else None

    def next_to_begin(self) -> Held | None:
        """The lowest version held that was not revoked, begun or not."""
        return next((each for each in self.held if not self._is_revoked(each.mandate)), None)

    @property
    def is_revoked(self) -> bool:
        """Whether one of the mandates held was revoked."""
        return any(mark.is_revoked for mark in self.floors.marks)

    def _offer_mandate(self, opened: Opened, received: bytes) -> tuple["Register", News]:
        mandate = self._verified(opened)
        version, highest = mandate.version, self.floors.highest
        if self._has_mark(mandate):
            news = News(NewsKind.KNOWN, f"version {version} is held already", version)
            return self._with_envelope(Held(mandate, received)), news
        if mandate.sha256 in self.floors.revoked_ahead:
            raise refuse(f"version {version} was revoked before it came", kind=_NO)
        if version < self.trust.version_floor:
            pinned = self.trust.version_floor
            raise refuse(f"version {version} is below {pinned}, which was pinned", kind=_NO)
        if version == highest:
            raise refuse(f"version {version} was given to another mandate already", kind=_NO)
        if version < highest:
            what = f"version {version} is older than version {highest}, which was accepted"
            raise refuse(what, hint=f"Sign it as version {highest + 1} or higher.", kind=_NO)
        register = self._with_room()
        marks = (*register.floors.marks, Mark(version, mandate.sha256))
        floors = replace(register.floors, highest=version, marks=marks)
        held = (*register.held, Held(mandate, received))
        news = News(NewsKind.ACCEPTED, f"version {version} is accepted", version)
        return replace(register, floors=floors, held=held), news

    def _offer_revocation(self, opened: Opened) -> tuple["Register", News]:
        verify_opened(opened, self.trust.keys, threshold=1)
        revocation = parse_revocation(opened.payload)
        self._check_authority(revocation.authority)
        version, floors = revocation.version, self.floors
        for index, mark in enumerate(floors.marks):
            if mark.sha256 == revocation.mandate_sha256:
                return self._revoked(index, revocation)
        if revocation.mandate_sha256 in floors.revoked_ahead or version <= floors.highest:
            return self, News(NewsKind.KNOWN, f"version {version} holds no more anyway", version)
        ahead = (*floors.revoked_ahead, revocation.mandate_sha256)[-MAX_REVOKED_AHEAD:]
        news = News(NewsKind.REVOKED, f"version {version} will not be taken", version)
        return replace(self, floors=replace(floors, revoked_ahead=ahead)), news

    def _revoked(self, index: int, revocation: Revocation) -> tuple["Register", News]:
        mark = self.floors.marks[index]
        version = mark.version
        if mark.is_revoked:
            return self, News(NewsKind.KNOWN, f"version {version} is revoked already", version)
        marks = list(self.floors.marks)
        marks[index] = replace(mark, is_revoked=True)
        floors = replace(self.floors, marks=tuple(marks))
        what = f"version {version} is revoked: {revocation.reason}"
        return replace(self, floors=floors), News(NewsKind.REVOKED, what, version)

    def _verified(self, opened: Opened) -> Mandate:
        verified = verify_opened(opened, self.trust.keys, threshold=self.trust.threshold)
        mandate = parse_mandate(verified.payload)
        self._check_authority(mandate.authority)
        if self.device not in mandate.devices:
            named = ", ".join(mandate.devices[:5])
            raise refuse(f"this is {self.device}, and the mandate is for {named}", kind=_NO)
        return mandate

    def _check_authority(self, authority: str) -> None:
        if authority != self.trust.authority:
            whose = f'it is of "{authority}", and this pole belongs to "{self.trust.authority}"'
            raise refuse(whose, kind=_NO)

    def _has_mark(self, mandate: Mandate) -> bool:
        return any(
            (mark.version, mark.sha256) == (mandate.version, mandate.sha256)
            for mark in self.floors.marks
        )

    def _is_revoked(self, mandate: Mandate) -> bool:
        return any(
            mark.version == mandate.version and mark.is_revoked for mark in self.floors.marks
        )

    def _with_envelope(self, held: Held) -> "Register":
        """The mandate of a mark, found again."""
        version = held.mandate.version
        if any(each.mandate.version == version for each in self.held):
            return self
        both = sorted((*self.held, held), key=lambda each: each.mandate.version)
        return replace(self, held=tuple(both))

    def _with_room(self) -> "Register":
        """A place for one more: the lowest revoked one goes, or nothing is taken."""
        marks = self.floors.marks
        if len(marks) < MAX_HELD:
            return self
        going = next((mark for mark in marks if mark.is_revoked), None)
        if going is None:
            raise refuse(f"{MAX_HELD} mandates wait already; revoke one of them first", kind=_NO)
        left = tuple(mark for mark in marks if mark is not going)
        held = tuple(each for each in self.held if each.mandate.version != going.version)
        return replace(self, floors=replace(self.floors, marks=left), held=held)


_NO = Kind.FAILED_PRECONDITION


def _moment(utc_ns: int) -> datetime:
    return datetime.fromtimestamp(max(0, utc_ns) // 1_000_000_000, UTC)
