"""The one gate: whether this camera may be analysed and recorded now, and in what.

`decide` is pure. `Gate` asks it at most once a second for each camera and at once when the wall
clock steps, so that it can be asked for every frame. Its answer is a `Permit`, a capability: the
only call that starts inference and the only call that writes to the ring take one and refuse
without. A permit names what it allows, lives for a second at most, and is made only here.

A decision holds for every moment that the clock may mean: the mandate must have begun at the
earliest and not yet ended at the latest of them. It must also stay true for as long as the permit
lives: the last second of a mandate is given up.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from edge.clock import Clock
from edge.mandate.clock_proof import ClockProof, ClockProver
from edge.mandate.reason import Reason
from edge.mandate.register import Register
from edge.mandate.statement import EVERYWHERE, Mandate, MandateCamera
from edge.mandate.window import is_open
from edge.wire.names import FUNCTION_NUMBERS

PERMIT_NS = 1_000_000_000
"""How long a permit lives; half of it, and a new one is made. Windows and the gaps between them are
whole minutes, longer than this and the clock's largest error together, so that open at both ends
means open between."""
STEP_NS = 50_000_000
"""A wall clock that moves against the monotonic one by more than this was set."""
_END_OF_TIME_NS = 2**63 - 1
_SEAL = object()


@dataclass(frozen=True, slots=True)
class Facts:
    """What runs, to be compared with what was signed.

    rules_sha256: by camera, and under EVERYWHERE for the whole site. models: SHA-256 of the
    detectors loaded; empty: none is.
    """

    rules_sha256: Mapping[str, str]
    models: frozenset[str] = frozenset()


NO_FACTS = Facts(MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What is allowed for one camera until a moment. Made by a Gate only.

    zones: by zone (or EVERYWHERE) the numbers of the functions that may be computed there.
    may_record: the ring may be written; it asks no model. watermark: a word to show with
    everything; or empty.
    mode, profile, version, ring_days, clip_requesters: of the mandate; version 0: none.
    reason: why nothing is allowed, or nothing computed where may_record; None: something is.
    until_monotonic_ns: from this moment on it allows nothing.
    """

    camera: str
    zones: Mapping[str, frozenset[int]] = field(default_factory=dict)
    may_record: bool = False
    mode: str = ""
    profile: str = ""
    watermark: str = ""
    version: int = 0
    ring_days: int = 0
    clip_requesters: tuple[str, ...] = ()
    clock: ClockProof | None = None
    reason: Reason | None = None
    until_monotonic_ns: int = 0
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a permit is given by a gate; it cannot be made")

    @property
    def functions(self) -> frozenset[int]:
        """Numbers of all functions allowed anywhere in this camera's picture."""
        return frozenset().union(*self.zones.values())

    def allows(self, function: int, zone: str) -> bool:
        """Whether the function may be computed in this zone or on this line."""
        return function in self.zones.get(zone, ()) or function in self.zones.get(EVERYWHERE, ())

    def holds(self, monotonic_ns: int) -> bool:
        """Whether it has not run out."""
        return self.reason is None and monotonic_ns <= self.until_monotonic_ns


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision before it becomes a permit.

    named: the camera, when it is allowed something; with a reason, to be recorded only.
    """

    mandate: Mandate | None = None
    named: MandateCamera | None = None
    reason: Reason | None = None


def decide(
    register: Register,
    proof: ClockProof | Reason,
    camera: str | None,
    *,
    facts: Facts,
    computes: bool,
    ahead_ns: int = 0,
) -> Verdict:
    """What holds for a camera.

    camera: None asks for the pole as a whole. computes: False for a room that only records.
    ahead_ns: the answer must stay true for so long.
    """
    if isinstance(proof, Reason):
        return Verdict(reason=proof)
    held = register.in_force(proof.earliest_utc_ns)
    if held is None:
        return Verdict(reason=_reason_for_none(register))
    mandate = held.mandate
    reason = _time_reason(mandate, proof, ahead_ns)
    if reason is not None or camera is None:
        return Verdict(mandate, reason=reason or _model_reason(mandate, facts))
    named = next((each for each in mandate.cameras if each.camera == camera), None)
    reason = _camera_reason(mandate, named, facts, computes=computes)
    if reason is not None:
        return Verdict(mandate, reason=reason)
    return Verdict(mandate, named, _model_reason(mandate, facts))


class Gate:
    """One room's gate. computes: False for the vault, whose permits never name a function."""

    def __init__(
        self, prover: ClockProver, clock: Clock, register: Register, *, computes: bool
    ) -> None:
        self._prover = prover
        self._clock = clock
        self._register = register
        self._computes = computes
        self._facts = NO_FACTS
        self._permits: dict[str, tuple[Permit, int, Facts]] = {}

    def set_register(self, register: Register) -> None:
        """Another state of the register holds from now on."""
        self._register = register
        self._permits.clear()

    def set_facts(self, facts: Facts) -> None:
        """Other rules or models run from now on."""
        self._facts = facts

    def permit(self, camera: str, facts: Facts | None = None) -> Permit:
        """What is allowed for this camera now. Cheap enough for every frame.

        facts: under which this camera's stream was made, where they come with it.
        """
        facts = facts or self._facts
        monotonic_ns = self._clock.monotonic_ns()
        offset_ns = self._clock.utc_ns() - monotonic_ns
        cached = self._permits.get(camera)
        if cached is not None:
            permit, seen_offset_ns, seen_facts = cached
            is_young = monotonic_ns < permit.until_monotonic_ns - PERMIT_NS // 2
            is_same = facts == seen_facts and abs(offset_ns - seen_offset_ns) <= STEP_NS
            if is_young and is_same:
                return permit
        permit = self._decide(camera, facts, monotonic_ns)
        self._permits[camera] = (permit, offset_ns, facts)
        return permit

    def standing(self) -> Permit:
        """What holds for the pole as a whole; its camera and zones are empty."""
        return self._decide(None, self._facts, self._clock.monotonic_ns())

    def _decide(self, camera: str | None, facts: Facts, monotonic_ns: int) -> Permit:
        proof = self._prover.prove()
        verdict = decide(
            self._register, proof, camera,
            facts=facts, computes=self._computes, ahead_ns=PERMIT_NS,
        )  # fmt: skip
        until_ns = monotonic_ns + PERMIT_NS
        return _permit(verdict, camera or "", proof, until_ns, computes=self._computes)


def no_permit(camera: str, reason: Reason) -> Permit:
    """A permit that allows nothing, for where there is no gate yet."""
    return Permit(camera=camera, reason=reason, seal=_SEAL)


def recording_permit(camera: str) -> Permit:
    """A permit to compute everything in a recording that is replayed away from the pole.

    A recording in somebody's hands is no camera: no mandate is about it. What is seen under this
    permit goes to no spool. Only `edge/eye/replay.py` may ask for it, which a house test holds.
    """
    return Permit(
        camera=camera,
        zones=MappingProxyType({EVERYWHERE: frozenset(FUNCTION_NUMBERS.values())}),
        profile="recording",
        until_monotonic_ns=_END_OF_TIME_NS,
        seal=_SEAL,
    )


def _permit(
    verdict: Verdict, camera: str, proof: ClockProof | Reason, until_ns: int, *, computes: bool
) -> Permit:
    mandate, named = verdict.mandate, verdict.named
    places = named.places if named and computes and verdict.reason is None else ()
    return Permit(
        camera=camera,
        zones=MappingProxyType({place.zone: _numbers(place.functions) for place in places}),
        may_record=bool(mandate and mandate.ring_days and named),
        mode=mandate.mode if mandate else "",
        profile=mandate.profile.name if mandate else "",
        watermark=mandate.profile.watermark if mandate else "",
        version=mandate.version if mandate else 0,
        ring_days=mandate.ring_days if mandate else 0,
        clip_requesters=mandate.clip_requesters if mandate else (),
        clock=proof if isinstance(proof, ClockProof) else None,
        reason=verdict.reason,
        until_monotonic_ns=until_ns,
        seal=_SEAL,
    )


def _reason_for_none(register: Register) -> Reason:
    if register.next_to_begin() is not None and not register.is_revoked:
        return Reason.NOT_YET_VALID
    return Reason.REVOKED if register.is_revoked else Reason.NO_MANDATE


def _time_reason(mandate: Mandate, proof: ClockProof, ahead_ns: int) -> Reason | None:
    earliest, latest = _moment(proof.earliest_utc_ns), _moment(proof.latest_utc_ns + ahead_ns)
    basis_ends = mandate.profile.legal_basis_ends
    if basis_ends is not None and latest >= basis_ends:
        return Reason.LEGAL_BASIS_ENDED
    if latest >= mandate.expires:
        return Reason.EXPIRED
    zone = _zone(mandate.time_zone)
    if not all(is_open(mandate.windows, zone, moment) for moment in (earliest, latest)):
        return Reason.OUTSIDE_WINDOW
    return None


def _model_reason(mandate: Mandate, facts: Facts) -> Reason | None:
    if mandate.models and not facts.models <= mandate.models:
        return Reason.MODEL_CHANGED
    return None


def _camera_reason(
    mandate: Mandate, named: MandateCamera | None, facts: Facts, *, computes: bool
) -> Reason | None:
    if named is None:
        return Reason.CAMERA_NOT_NAMED
    if not computes and not mandate.ring_days:
        return Reason.RECORDING_NOT_NAMED
    if _are_rules_changed(mandate, facts, named.camera):
        return Reason.RULES_CHANGED
    return None if named.places or mandate.ring_days else Reason.FUNCTION_NOT_NAMED


def _are_rules_changed(mandate: Mandate, facts: Facts, camera: str) -> bool:
    """A camera's own hash decides; without one, the site's. Only a bench mandate has neither."""
    for name in (camera, EVERYWHERE):
        if name in mandate.rules_sha256:
            return facts.rules_sha256.get(name) != mandate.rules_sha256[name]
    return False


def _numbers(names: frozenset[str]) -> frozenset[int]:
    return frozenset(int(FUNCTION_NUMBERS[name]) for name in names)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(utc_ns: int) -> datetime:
    """Whole seconds: rounding down is right for a start and for `latest >= end` alike."""
    return datetime.fromtimestamp(max(0, utc_ns) // 1_000_000_000, UTC)
