"""The two statements an authority signs: a mandate, and the revocation of one.

Pure: text in, frozen values or every problem out. A statement stays inside its profile or it is
no statement at all: the same check runs before signing and on the pole.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from edge.mandate.problem import MandateError
from edge.mandate.profile import Profile, nameable_functions, profile_names, read_profile
from edge.mandate.window import Window, read_window, window_record
from edge.wire.fields import NEVER, Fields
from edge.wire.strict_json import parse_object, write_object

FORMAT = 1
EVERYWHERE = "*"
"""In place of a zone: all of the camera's picture. In place of a camera's hash: the whole site."""
MAX_STATEMENT_BYTES = 48_000
"""In base64 it still fits TakeMandate.envelope."""
MAX_VERSION = 2**31 - 1
MAX_CAMERAS = 32
MAX_ZONES = 32
MAX_WINDOWS = 32
CLIPS_A_DAY = 40
"""Of one camera, where the mandate says nothing else."""
MAX_CLIPS_A_DAY = 1000
ROLES = ("operator", "supervisor", "authority", "technician")
_MODES = ("operation", "calibration")


@dataclass(frozen=True, slots=True)
class Place:
    """What may be computed in one zone (or on one line, or EVERYWHERE) of a camera."""

    zone: str
    functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class MandateCamera:
    """One camera that is named. Without places it may be recorded, and nothing is computed."""

    camera: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a pole may do, as it was signed.

    not_before, expires: UTC; from the first until before the second.
    purpose, place, contact: for the public notice: why, where, and whom to ask.
    ring_days: how long the ring keeps video; 0: nothing is recorded.
    clip_requesters: roles that may ask for clips; empty: nobody.
    clips_per_camera_a_day: how many a pole takes on within 24 hours, whoever signed for them.
    rules_sha256: by camera (or EVERYWHERE) the hash of the rules that were shown to the signers.
    models: SHA-256 of the detectors that may run.
    sha256: over the payload that was signed; the mandate's identity.
    """

    version: int
    authority: str
    legal_basis: str
    purpose: str
    place: str
    contact: str
    profile: Profile
    mode: str
    devices: tuple[str, ...]
    cameras: tuple[MandateCamera, ...]
    time_zone: str
    windows: tuple[Window, ...]
    not_before: datetime
    expires: datetime
    ring_days: int
    clip_requesters: tuple[str, ...]
    clips_per_camera_a_day: int
    rules_sha256: Mapping[str, str] = field(hash=False)
    models: frozenset[str]
    sha256: str

    @property
    def ends(self) -> datetime:
        """When it ends: its own expiry or the end of its legal basis, whichever is first."""
        basis = self.profile.legal_basis_ends
        return min(self.expires, basis) if basis else self.expires


@dataclass(frozen=True, slots=True)
class Revocation:
    """A mandate is to hold no more, at once and for good. sha256: over this statement."""

    authority: str
    mandate_sha256: str
    version: int
    reason: str
    issued: datetime
    sha256: str


def parse_mandate(payload: bytes) -> Mandate:
    """The mandate in a payload. Raises MandateError with every problem."""
    record = parse_object(
        payload, what="the mandate", max_bytes=MAX_STATEMENT_BYTES, refusal=MandateError
    )
    fields = Fields(record)
    mandate = _read_mandate(fields, hashlib.sha256(payload).hexdigest())
    fields.raise_problems(MandateError)
    return mandate


def parse_revocation(payload: bytes) -> Revocation:
    """The revocation in a payload. Raises MandateError with every problem."""
    record = parse_object(
        payload, what="the revocation", max_bytes=MAX_STATEMENT_BYTES, refusal=MandateError
    )
    fields = Fields(record)
    fields.whole("format", least=FORMAT, most=FORMAT)
    revocation = Revocation(
        authority=fields.text("authority", longest=200),
        mandate_sha256=fields.sha256("mandate_sha256"),
        version=fields.whole("version", least=1, most=MAX_VERSION),
        reason=fields.text("reason", longest=500, lines=True),
        issued=fields.moment("issued_utc"),
        sha256=hashlib.sha256(payload).hexdigest(),
    )
    fields.close()
    fields.raise_problems(MandateError)
    return revocation


def write_mandate(mandate: Mandate) -> bytes:
    """The statement to be signed. Its `sha256` is found by parsing what this returns."""
    return write_object(
        {
            "format": FORMAT,
            "version": mandate.version,
            "authority": mandate.authority,
            "legal_basis": mandate.legal_basis,
            "purpose": mandate.purpose,
            "place": mandate.place,
            "contact": mandate.contact,
            "profile": mandate.profile.name,
            "mode": mandate.mode,
            "devices": list(mandate.devices),
            "cameras": [
                {
                    "camera": each.camera,
                    "zones": [
                        {"zone": place.zone, "functions": sorted(place.functions)}
                        for place in each.places
                    ],
                }
                for each in mandate.cameras
            ],
            "time_zone": mandate.time_zone,
            "windows": [window_record(window) for window in mandate.windows],
            "not_before_utc": utc_text(mandate.not_before),
            "expires_utc": utc_text(mandate.expires),
            "ring_days": mandate.ring_days,
            "clip_requesters": list(mandate.clip_requesters),
            "clips_per_camera_a_day": mandate.clips_per_camera_a_day,
            "rules_sha256": dict(mandate.rules_sha256),
            "models": sorted(mandate.models),
        }
    )


def write_revocation(mandate: Mandate, *, reason: str, issued: datetime) -> bytes:
    """The statement that ends a mandate, to be signed."""
    return write_object(
        {
            "format": FORMAT,
            "authority": mandate.authority,
            "mandate_sha256": mandate.sha256,
            "version": mandate.version,
            "reason": reason,
            "issued_utc": utc_text(issued),
        }
    )


def utc_text(moment: datetime) -> str:
    """`2026-11-21T06:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_mandate(fields: Fields, digest: str) -> Mandate:
    fields.whole("format", least=FORMAT, most=FORMAT)
    profile_name = fields.word("profile", profile_names())
    profile = read_profile(profile_name or "bench")
    mandate = Mandate(
        version=fields.whole("version", least=1, most=MAX_VERSION),
        authority=fields.text("authority", longest=200),
        legal_basis=fields.text("legal_basis", longest=1000, lines=True),
        purpose=fields.text("purpose", longest=1000, lines=True),
        place=fields.text("place", longest=500, lines=True),
        contact=fields.text("contact", longest=500, lines=True),
        profile=profile,
        mode=fields.word("mode", _MODES),
        devices=fields.names("devices", least=1, most=1000),
        cameras=tuple(
            _read_camera(each, profile)
            for each in fields.objects("cameras", least=1, most=MAX_CAMERAS)
        ),
        time_zone=_read_zone(fields),
        windows=tuple(
            read_window(each) for each in fields.objects("windows", least=1, most=MAX_WINDOWS)
        ),
        not_before=fields.moment("not_before_utc"),
        expires=fields.moment("expires_utc"),
        ring_days=fields.whole("ring_days", least=0, most=366),
        clip_requesters=fields.words("clip_requesters", ROLES, least=0),
        clips_per_camera_a_day=fields.whole(
            "clips_per_camera_a_day", least=1, most=MAX_CLIPS_A_DAY, default=CLIPS_A_DAY
        ),
        rules_sha256=MappingProxyType(fields.hashes_by_name("rules_sha256", most=MAX_CAMERAS + 1)),
        models=frozenset(fields.hashes("models", most=16, default=[])),
        sha256=digest,
    )
    fields.close()
    _check_names(fields, mandate)
    if profile_name:
        _check_profile(fields, mandate)
    return mandate


def _read_camera(fields: Fields, profile: Profile) -> MandateCamera:
    camera = fields.name("camera")
    places = []
    for each in fields.objects("zones", least=0, most=MAX_ZONES):
        zone = each.text("zone", longest=64)
        functions = each.words("functions", nameable_functions(), least=1)
        each.close()
        for name in functions:
            if name not in profile.functions:
                each.wrong("functions", f"{name} is not a function of profile {profile.name}")
        places.append(Place(zone, frozenset(functions)))
    fields.close()
    for zone in sorted({place.zone for place in places}):
        if [place.zone for place in places].count(zone) > 1:
            fields.wrong("zones", f"names {zone} twice")
    return MandateCamera(camera, tuple(places))


def _read_zone(fields: Fields) -> str:
    name = fields.text("time_zone", longest=64)
    try:
        if name:
            ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        fields.wrong("time_zone", f'"{name}" does not exist', "Write one such as Europe/Paris.")
        return "UTC"
    return name or "UTC"


def _check_names(fields: Fields, mandate: Mandate) -> None:
    """What refers to each other fits."""
    cameras = [each.camera for each in mandate.cameras]
    for name in sorted({name for name in cameras if name and cameras.count(name) > 1}):
        fields.wrong("cameras", f"names {name} twice")
    for name in mandate.rules_sha256:
        if name not in (*cameras, EVERYWHERE):
            fields.wrong(f"rules_sha256.{name}", "is for a camera that is not named")
    if mandate.expires <= mandate.not_before and mandate.expires != NEVER:
        fields.wrong("expires_utc", "is not after not_before_utc: it would never hold")


def _check_profile(fields: Fields, mandate: Mandate) -> None:
    """The statement stays inside what its legal basis allows."""
    profile = mandate.profile
    if mandate.mode and mandate.mode not in profile.modes:
        fields.wrong("mode", f"{mandate.mode} is not allowed by profile {profile.name}")
    if not profile.min_ring_days <= mandate.ring_days <= profile.max_ring_days:
        allowed = f"{profile.min_ring_days} to {profile.max_ring_days}"
        what = f"is {mandate.ring_days}; profile {profile.name} allows {allowed} days"
        fields.wrong("ring_days", what)
    longest = timedelta(days=profile.max_mandate_days)
    if mandate.expires != NEVER and mandate.expires - mandate.not_before > longest:
        days = profile.max_mandate_days
        fields.wrong("expires_utc", f"profile {profile.name} allows {days} days at most")
    if profile.legal_basis_ends and mandate.not_before >= profile.legal_basis_ends:
        ended = utc_text(profile.legal_basis_ends)
        what = f"the legal basis of profile {profile.name} ended on {ended}"
        fields.wrong("not_before_utc", what, f"It rests on: {profile.source}.")
    if profile.needs_hashes:
        if not mandate.models:
            fields.wrong("models", f"is empty; profile {profile.name} wants the models signed")
        for each in mandate.cameras:
            if each.camera not in mandate.rules_sha256 and EVERYWHERE not in mandate.rules_sha256:
                what = f"has no hash for {each.camera}; profile {profile.name} wants rules signed"
                fields.wrong("rules_sha256", what)
