"""From a site file and a person's options to the text of a mandate, inside its profile."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.errors import Kind, VigieError
from edge.eye.detector.library import Library, default_models_dir
from edge.mandate.problem import MandateError
from edge.mandate.profile import profile_names, read_profile
from edge.mandate.statement import CLIPS_A_DAY, parse_mandate, utc_text
from edge.mandate.window import WEEKDAYS
from edge.site.canonical import rules_sha256
from edge.site.check import read_site
from edge.site.model import SiteFile
from edge.wire.strict_json import write_object

_WINDOW = re.compile(r"(?P<days>[a-z,-]+) (?P<starts>\d\d:\d\d)-(?P<ends>\d\d:\d\d)")
_ALWAYS = "mon-sun 00:00-24:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The options of `vigie mandate new`, as typed. models: None: the user's own directory."""

    profile: str
    number: int
    devices: tuple[str, ...]
    authority: str
    legal_basis: str
    purpose: str
    place: str
    contact: str
    functions: tuple[str, ...]
    cameras: tuple[str, ...]
    windows: tuple[str, ...]
    time_zone: str | None
    begins: str | None
    ends: str
    ring_days: int
    requesters: tuple[str, ...]
    clips_a_day: int | None
    calibration: bool
    models: Path | None


def draft_mandate(site_file: Path, draft: Draft) -> bytes:
    """The statement, ready to be signed. Raises VigieError with all that is wrong."""
    site = read_site(site_file)
    if draft.profile not in profile_names():
        hint = f"There are: {', '.join(profile_names())}."
        raise VigieError(Kind.NOT_FOUND, f"no profile is named {draft.profile}", hint=hint)
    names = _cameras(site, draft)
    zone_name = draft.time_zone or site.site.time_zone
    zone = _zone(zone_name)
    hashes = rules_sha256(site)
    model = Library(draft.models or default_models_dir()).card(site.detection.model)
    text = write_object(
        {
            "format": 1,
            "version": draft.number,
            "authority": draft.authority,
            "legal_basis": draft.legal_basis,
            "purpose": draft.purpose,
            "place": draft.place,
            "contact": draft.contact,
            "profile": draft.profile,
            "mode": "calibration" if draft.calibration else "operation",
            "devices": list(draft.devices),
            "cameras": [
                {"camera": name, "zones": _zones(site, name, draft.functions)} for name in names
            ],
            "time_zone": zone_name,
            "windows": [_window(each) for each in draft.windows or (_ALWAYS,)],
            "not_before_utc": utc_text(_begins(draft.begins, zone)),
            "expires_utc": utc_text(_ends(draft.ends, zone)),
            "ring_days": draft.ring_days,
            "clip_requesters": list(draft.requesters),
            "clips_per_camera_a_day": draft.clips_a_day or CLIPS_A_DAY,
            "rules_sha256": {name: hashes[name] for name in names},
            "models": [model.sha256],
        }
    )
    _check_functions(site, draft)
    parse_mandate(text)
    return text


def _cameras(site: SiteFile, draft: Draft) -> tuple[str, ...]:
    known = tuple(camera.name for camera in site.cameras)
    for name in draft.cameras:
        if name not in known:
            hint = f"The site has: {', '.join(known)}."
            raise VigieError(Kind.NOT_FOUND, f"no camera is named {name}", hint=hint)
    return draft.cameras or known


def _zones(site: SiteFile, camera: str, functions: tuple[str, ...]) -> list[dict[str, object]]:
    """By zone or line of the camera, the functions of its rules that were asked for."""
    own = {zone.name for zone in site.zones if zone.camera == camera}
    own |= {line.name for line in site.lines if line.camera == camera}
    found: dict[str, set[str]] = {}
    for rule in site.rules:
        place = _place(rule)
        if place in own and (not functions or rule.function in functions):
            found.setdefault(place, set()).add(rule.function)
    return [{"zone": name, "functions": sorted(found[name])} for name in sorted(found)]


def _place(rule: object) -> str:
    return str(getattr(rule, "zone", None) or getattr(rule, "line", ""))


def _check_functions(site: SiteFile, draft: Draft) -> None:
    """Say at once which rules of the site the profile does not allow, and what to do."""
    profile = read_profile(draft.profile)
    asked = draft.functions or tuple(dict.fromkeys(rule.function for rule in site.rules))
    outside = [name for name in asked if name not in profile.functions]
    if outside:
        allowed = ", ".join(sorted(profile.functions))
        raise MandateError(
            Kind.FAILED_PRECONDITION,
            f"profile {profile.name} does not allow: {', '.join(outside)}",
            hint=f"Name the functions with --function; it allows {allowed}.",
        )
    ruled = {rule.function for rule in site.rules}
    idle = [name for name in draft.functions if name not in ruled]
    if idle:
        hint = f"The site's rules have: {', '.join(sorted(ruled)) or 'nothing'}."
        what = f"no rule of the site has the function {', '.join(idle)}"
        raise VigieError(Kind.NOT_FOUND, what, hint=hint)


def _window(text: str) -> dict[str, object]:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f'"{text}" is no window',
            hint='Write one such as "mon-fri 22:00-06:00" or "sat,sun 00:00-24:00".',
        )
    return {
        "weekdays": _weekdays(match["days"]),
        "starts": match["starts"],
        "ends": match["ends"],
    }


def _weekdays(text: str) -> list[str]:
    """`mon-fri` and `sat,sun` as lists; a range may pass the end of the week."""
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            hint = f"They are: {', '.join(WEEKDAYS)}."
            raise VigieError(Kind.INVALID_ARGUMENT, f'"{part}" is no weekday', hint=hint)
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last or first) - start) % len(WEEKDAYS) + 1
        found += [WEEKDAYS[(start + step) % len(WEEKDAYS)] for step in range(length)]
    return [day for day in WEEKDAYS if day in found]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        hint = "Write one such as Europe/Paris."
        what = f'time zone "{name}" does not exist'
        raise VigieError(Kind.INVALID_ARGUMENT, what, hint=hint) from None


def _begins(text: str | None, zone: ZoneInfo) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(second=0, microsecond=0)
    return _local(text, zone, days=0)


def _ends(text: str, zone: ZoneInfo) -> datetime:
    """The end of a day, where only the day is said."""
    return _local(text, zone, days=1)


def _local(text: str, zone: ZoneInfo, *, days: int) -> datetime:
    try:
        if "T" in text:
            return datetime.fromisoformat(text).replace(tzinfo=zone)
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    except (ValueError, OverflowError):
        hint = "Write 2027-01-31 or 2027-01-31T08:00."
        raise VigieError(Kind.INVALID_ARGUMENT, f'"{text}" is no date', hint=hint) from None
