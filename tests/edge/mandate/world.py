"""A pole, its authority, its enemies and the true time; driven by bytes, checked after each step.

The true time is known here and nowhere else. The wall clock may be off, the kernel may know it,
not know it, or lie; the collector answers truly. After every step the room's permits are compared
with the oracle's, and whatever is allowed must be allowed at the true time as well, unless the
kernel lied.
"""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.mandate.clock_proof import MAX_ERROR_NS, ClockProof
from edge.mandate.envelope import REVOCATION, add_signature, sign_payload
from edge.mandate.gate import Facts, Permit
from edge.mandate.kernel_clock import KernelClock
from edge.mandate.mailbox import read_time_questions, write_incoming, write_time_answer
from edge.mandate.places import Places
from edge.mandate.reason import Reason
from edge.mandate.room import PERSIST_CLOCK_NS, MandateRoom
from edge.mandate.time_statement import sign_time
from edge.wire.names import function_name
from tests.edge.mandate.oracle import PERMIT_NS, Oracle, Paper, holds
from tests.fakes.mandates import CAMERA, DEVICE, EVERY_DAY, City, statement

SECOND_NS = 10**9
CAMERAS = (CAMERA, "south", "unnamed")
FUNCTIONS = ("intrusion", "loitering", "wrong_way", "count", "person_down")
RULES = hashlib.sha256(b"rules").hexdigest()
OTHER_RULES = hashlib.sha256(b"other rules").hexdigest()
MODEL = hashlib.sha256(b"model").hexdigest()
ZONES = (
    "UTC", "Europe/Paris", "America/Lima", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin", "Antarctica/Troll",
    "Pacific/Chatham", "Asia/Tehran", "America/Havana", "America/Santiago", "Asia/Beirut",
    "Pacific/Kiritimati", "Etc/GMT+12", "Africa/Cairo", "America/Sao_Paulo", "Australia/Sydney",
)  # fmt: skip
# Days around which clocks change somewhere, and a leap day.
DAYS_TO_BEGIN = ("2026-03-28", "2026-03-07", "2026-04-04", "2026-09-05", "2026-10-24", "2026-10-31",
                 "2026-12-31", "2028-02-28", "2026-06-15")  # fmt: skip


Allowed = tuple[dict[str, set[str]], bool]
"""Zones with their functions, and whether the ring may be written."""


class World:
    """One life of a pole. steps: how many actions were taken and compared."""

    def __init__(self, data: Path, city: City, zone: str, begin: str) -> None:
        self.steps = 0
        self._data = data
        self._city = city
        self._stranger = City().keys[0]
        self._zone = zone
        self._places = Places(data, "eye")
        self._true_ns = int(datetime.fromisoformat(begin).replace(tzinfo=UTC).timestamp()) * 10**9
        self._monotonic_ns = 0
        self._offset_ns = 0
        self._kernel = KernelClock(is_synchronised=True, max_error_us=1000)
        self._has_lied = False
        self._rules = RULES
        self._papers: list[Paper] = []
        self._oracle = Oracle()
        self._proven_ns: list[tuple[int, int]] = []
        self._permits: dict[str, Permit] = {}
        self._kept_floor_ns = 0
        self._highest_floor_ns = 0
        self._copies: list[tuple[bytes, frozenset[str]]] = []
        self._floors: list[bytes] = []
        city.install(data)
        self._room = self._begin()
        self._actions: tuple[Callable[[int], None], ...] = (
            *(4 * [self._wait_a_moment]), *(4 * [self._wait_minutes]),
            *(8 * [self._go_to_a_boundary]), *(2 * [self._wait_hours]), *(5 * [self._kernel_knows]),
            *(5 * [self._sign_and_deliver]),
            *(2 * [self._replay]), *(2 * [self._ask_the_collector]), *(2 * [self._change_rules]),
            self._set_the_clock, self._kernel_knows_not, self._kernel_lies, self._revoke,
            self._restart, self._pull_the_plug, self._replace_mandates, self._damage_a_floor,
            self._forge,
        )  # fmt: skip

    def live(self, program: bytes) -> None:
        """Two bytes an action: which, and how."""
        for action, argument in zip(program[::2], program[1::2], strict=True):
            self._actions[action % len(self._actions)](argument)
            self._room.poll()
            self._note_proof()
            self._check()
            self.steps += 1

    # What the room sees of time.

    def utc_ns(self) -> int:
        return self._true_ns + self._offset_ns

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    # What may happen.

    def _wait_a_moment(self, argument: int) -> None:
        self._pass(argument * SECOND_NS // 50)

    def _wait_minutes(self, argument: int) -> None:
        self._pass(argument * 20 * SECOND_NS)

    def _wait_hours(self, argument: int) -> None:
        self._pass(argument * 600 * SECOND_NS)

    def _go_to_a_boundary(self, argument: int) -> None:
        """To within some seconds of a quarter of an hour, where windows open and close."""
        quarter_ns = 900 * SECOND_NS
        ahead_ns = (1 + argument // 64) * quarter_ns - self._true_ns % quarter_ns
        self._pass(max(0, ahead_ns + (argument % 16 - 8) * SECOND_NS))

    def _set_the_clock(self, argument: int) -> None:
        """By up to two hours; the kernel knows that it knows nothing."""
        self._offset_ns = (argument - 128) * 60 * SECOND_NS
        self._kernel = KernelClock(is_synchronised=False, max_error_us=16_000_000)

    def _kernel_knows(self, argument: int) -> None:
        """A time service brings the clock to within its error."""
        max_error_us = 1 + argument * 20_000
        self._offset_ns = random.Random(argument).randint(-max_error_us, max_error_us) * 1000
        self._kernel = KernelClock(is_synchronised=True, max_error_us=max_error_us)
        self._has_lied = False

    def _kernel_knows_not(self, argument: int) -> None:
        self._kernel = KernelClock(is_synchronised=False, max_error_us=argument)

    def _kernel_lies(self, argument: int) -> None:
        """Somebody who speaks NTP moves the clock, and the kernel believes him."""
        self._offset_ns = (argument - 128) * 20 * SECOND_NS
        self._kernel = KernelClock(is_synchronised=True, max_error_us=1000)
        self._has_lied = True

    def _sign_and_deliver(self, argument: int) -> None:
        rng = random.Random(argument + 256 * len(self._papers))
        version = max(1, self._oracle.highest + rng.choice((1, 1, 1, 2, 0, -1)))
        paper = self._sign(version, rng)
        self._papers.append(paper)
        if rng.random() < 0.85:
            self._deliver(paper)

    def _replay(self, argument: int) -> None:
        if self._papers:
            self._deliver(self._papers[argument % len(self._papers)])

    def _revoke(self, argument: int) -> None:
        if not self._papers:
            return
        paper = self._papers[-1 - argument % min(4, len(self._papers))]
        self._put(self._city.revocation(json.dumps(paper.record).encode()))
        self._oracle.revoke(paper)

    def _restart(self, argument: int) -> None:
        self._room.close()
        self._kept_floor_ns = max([self._kept_floor_ns, *(floor for _, floor in self._proven_ns)])
        self._room = self._begin()

    def _pull_the_plug(self, argument: int) -> None:
        self._room = self._begin()

    def _replace_mandates(self, argument: int) -> None:
        """Somebody puts an earlier file of accepted mandates in place, and the pole restarts."""
        if not self._copies:
            return
        content, had = self._copies[argument % len(self._copies)]
        self._places.mandate.write_bytes(content)
        self._room = self._begin()
        self._oracle.lost = {paper.sha256 for paper in self._oracle.held} - had

    def _damage_a_floor(self, argument: int) -> None:
        path = self._places.floors[argument % 2]
        if not path.exists():
            return
        if argument & 2:
            path.write_bytes(path.read_bytes()[: argument // 2])
        elif argument & 4:
            path.unlink()
        elif self._floors:
            path.write_bytes(self._floors[argument % len(self._floors)])
        self._room = self._begin()

    def _ask_the_collector(self, argument: int) -> None:
        for nonce in read_time_questions(self._data):
            self._pass(argument * SECOND_NS // 100)
            answer = sign_time(
                DEVICE,
                nonce,
                utc_ms=self._true_ns // 10**6,
                error_ms=argument % 4 * 100 + 1,
                key=self._city.clip_key,
            )
            self._pass(argument * SECOND_NS // 100)
            write_time_answer(self._data, answer)

    def _forge(self, argument: int) -> None:
        """One key signs where two must, a stranger signs, a mandate is for another pole."""
        rng = random.Random(argument)
        record = json.dumps(self._record(self._oracle.highest + 5, rng)).encode()
        keys = self._city.keys
        forgeries = (
            lambda: self._city.sign(record, by=keys[:1]),
            lambda: self._city.sign(record, by=(keys[0], self._stranger)),
            lambda: add_signature(sign_payload(record, REVOCATION, keys[0]), keys[1]),
            lambda: self._city.sign(statement(version=10**6, devices=["pole-2"])),
            lambda: self._city.sign(record).replace(b'"payload": "e', b'"payload": "f'),
        )
        self._put(forgeries[argument % len(forgeries)]())

    def _change_rules(self, argument: int) -> None:
        self._rules = OTHER_RULES if argument % 8 == 0 else RULES
        self._room.set_facts(self._facts())

    # How it is checked.

    def _check(self) -> None:
        for camera in CAMERAS:
            permit = self._room.permit(camera)
            said = self._said(permit)
            age_ns = self._monotonic_ns + PERMIT_NS - permit.until_monotonic_ns
            assert 0 <= age_ns < PERMIT_NS // 2, "a permit is younger than half a second"
            if permit is not self._permits.get(camera):
                self._check_decision(camera, permit, said)
            self._permits[camera] = permit
            if said is not None and not self._has_lied:
                (paper,) = (each for each in self._oracle.held if each.version == permit.version)
                assert holds(paper, self._true_ns, self._true_ns), "allowed at a wrong time"

    def _check_decision(self, camera: str, permit: Permit, said: Allowed | None) -> None:
        """What was decided this very moment is what the oracle says, no more and no less."""
        proof = self._room.clock_proof
        if isinstance(proof, Reason):
            assert said is None, f"{proof}, and {camera} is allowed {said}"
            assert permit.reason is proof
            return
        expected = self._expected(camera, proof, PERMIT_NS)
        assert said == expected, f"{camera}: {said}, not {expected}; {permit.reason}"

    def _expected(self, camera: str, proof: ClockProof, ahead_ns: int) -> Allowed | None:
        error_ns = proof.error_ms * 10**6
        earliest_ns, latest_ns = self.utc_ns() - error_ns, self.utc_ns() + error_ns + ahead_ns
        zones = self._oracle.allows(camera, earliest_ns, latest_ns)
        paper = self._oracle.in_force(earliest_ns)
        if zones is None or paper is None:
            return None
        if paper.record["rules_sha256"] and self._rules != RULES:
            return None
        may_record = paper.record["ring_days"] != 0
        return (zones, may_record) if zones or may_record else None

    def _said(self, permit: Permit) -> Allowed | None:
        if permit.reason is not None or not permit.holds(self._monotonic_ns):
            assert permit.reason is not None
            assert not permit.functions
            assert not permit.may_record
            return None
        zones = {
            zone: {function_name(number) for number in numbers}
            for zone, numbers in permit.zones.items()
        }
        return zones, permit.may_record

    def _note_proof(self) -> None:
        """A proof is true, sharp enough, and not below what was kept."""
        proof = self._room.clock_proof
        if isinstance(proof, Reason):
            is_behind = proof is Reason.CLOCK_BEHIND_FLOOR
            assert not is_behind or self.utc_ns() < self._highest_floor_ns
            return
        error_ns = proof.error_ms * 10**6
        assert error_ns <= MAX_ERROR_NS
        if not self._has_lied:
            assert abs(self._offset_ns) <= error_ns, "proven, and not true"
        assert self.utc_ns() + error_ns >= self._kept_floor_ns, "proven, and before the floor"
        earliest_ns = self.utc_ns() - error_ns
        self._proven_ns.append((self._monotonic_ns, earliest_ns))
        self._highest_floor_ns = max(self._highest_floor_ns, earliest_ns)
        self._oracle.replace(earliest_ns)
        if self._places.mandate.exists() and self.steps % 16 == 0:
            had = {paper.sha256 for paper in self._oracle.held} - self._oracle.lost
            self._copies = [
                *self._copies[-3:],
                (self._places.mandate.read_bytes(), frozenset(had)),
            ]
            self._floors = [*self._floors[-3:], self._places.floors[0].read_bytes()]

    # How it is done.

    def _pass(self, span_ns: int) -> None:
        self._true_ns += span_ns
        # The monotonic clock drifts, by less than a board's crystal may.
        self._monotonic_ns += span_ns + span_ns * ((self._true_ns // SECOND_NS) % 181 - 90) // 10**6

    def _begin(self) -> MandateRoom:
        # A boot: the monotonic clock begins again. Floors older than five minutes were kept.
        late_ns = self._monotonic_ns - PERSIST_CLOCK_NS
        kept = [floor for proven_ns, floor in self._proven_ns if proven_ns <= late_ns]
        self._kept_floor_ns = max([self._kept_floor_ns, *kept])
        self._proven_ns = []
        self._monotonic_ns = 0
        room = MandateRoom(
            self._places, device=DEVICE, clock=self, computes=True, kernel=lambda: self._kernel
        )
        room.set_facts(self._facts())
        return room

    def _facts(self) -> Facts:
        return Facts({CAMERA: self._rules, "*": self._rules}, frozenset({MODEL}))

    def _deliver(self, paper: Paper) -> None:
        self._put(paper.envelope)
        self._oracle.deliver(paper)

    def _put(self, envelope: bytes) -> None:
        """What the link keeps is delivered again after every restart; here it is taken away."""
        path = write_incoming(self._data, envelope)
        self._room.poll()
        path.unlink()

    def _sign(self, version: int, rng: random.Random) -> Paper:
        record = self._record(version, rng)
        text = json.dumps(record).encode()
        windows = tuple(
            (
                str(each["starts"]),
                str(each["ends"]),
                tuple(each["weekdays"]),
                str(each.get("first_date", "0000-00-00")),
                str(each.get("last_date", "9999-99-99")),
            )
            for each in record["windows"]  # type: ignore[attr-defined]
        )
        return Paper(
            record,
            self._city.sign(text),
            hashlib.sha256(text).hexdigest(),
            version,
            _ns(str(record["not_before_utc"])),
            _ns(str(record["expires_utc"])),
            str(record["time_zone"]),
            windows,
        )

    def _record(self, version: int, rng: random.Random) -> dict[str, object]:
        now = datetime.fromtimestamp(self._true_ns // SECOND_NS, UTC)
        begins = now + timedelta(seconds=rng.choice((-86400, -3600, -60, 0, 30, 900, 7200)))
        ends = begins + timedelta(seconds=rng.choice((90, 3600, 86400, 9 * 86400, 60 * 86400)))
        record: dict[str, object] = json.loads(statement())
        return record | {
            "version": version,
            "time_zone": self._zone if rng.random() < 0.8 else rng.choice(ZONES),
            "windows": [_window(rng, now) for _ in range(rng.choice((1, 1, 2, 3)))],
            "not_before_utc": begins.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "expires_utc": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ring_days": rng.choice((0, 7)),
            "rules_sha256": rng.choice(({}, {CAMERA: RULES, "*": RULES})),
            "models": [MODEL],
            "cameras": [
                {"camera": name, "zones": _zones(rng)}
                for name in CAMERAS[:2]
                if name == CAMERA or rng.random() < 0.5
            ],
        }


def _zones(rng: random.Random) -> list[dict[str, object]]:
    return [
        {"zone": zone, "functions": rng.sample(FUNCTIONS, rng.randint(1, 3))}
        for zone in rng.sample(("*", "lawn", "road"), rng.randint(0, 2))
    ]


def _window(rng: random.Random, now: datetime) -> dict[str, object]:
    if rng.random() < 0.3:
        return {"weekdays": EVERY_DAY, "starts": "00:00", "ends": "24:00"}
    starts, ends = rng.sample(range(96), 2)
    window: dict[str, object] = {
        "weekdays": rng.sample(EVERY_DAY, rng.choice((2, 5, 7))),
        "starts": _clock(starts),
        "ends": "24:00" if ends == 0 else _clock(ends),
    }
    if rng.random() < 0.3:
        window["first_date"] = (now + timedelta(days=rng.randint(-2, 1))).strftime("%Y-%m-%d")
    if rng.random() < 0.3:
        window["last_date"] = (now + timedelta(days=rng.randint(1, 3))).strftime("%Y-%m-%d")
    return window


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9
