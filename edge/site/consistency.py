"""What bounds alone cannot see: names, references, times, sources, shapes that make sense.

Works on whatever could be read, so that it finds its problems beside those of `values.py`.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Iterator

from edge.site import model, places
from edge.site.problem import Finding, TomlPath
from edge.site.rules import Occupancy
from edge.site.spelling import nearest
from edge.site.values import Reading
from edge.wire.identifiers import SITE_NAME_PATTERN

MAX_NAME_CHARS = 40
MAX_TITLE_CHARS = 80
MOMENT_PATTERN = r"([01]\d|2[0-3]):[0-5]\d|(sunrise|sunset)([+-](\d{1,3}min|\d{1,2}h))?"
SOURCE_SCHEMES = ("file:", "rtsp://", "rtsps://", "v4l2:", "picamera2:", "sim:")
REFERENCES = ("camera", "zone", "line", "schedule")

_NAME = re.compile(SITE_NAME_PATTERN)
_MOMENT = re.compile(MOMENT_PATTERN)
_SUN = ("sunrise", "sunset")

Note = tuple[str, str | None]


def check_consistency(reading: Reading) -> Iterator[Finding]:
    """Every problem between and behind the values. Order: as it comes."""
    for path, value in reading.values.items():
        check = _CHECKS.get(str(path[-1]))
        if check and value is not None:
            for what, hint in check(path, value):
                yield Finding(path, what, hint)
    yield from _twice(reading)
    yield from _references(reading)
    for path, record in reading.records.items():
        yield from _record_findings(reading, path, record)
    yield from _budgets(reading)


def _check_name(path: TomlPath, name: object) -> Iterator[Note]:
    text = str(name)
    if path == ("site", "name"):
        if not 1 <= len(text.strip()) <= MAX_TITLE_CHARS or not text.isprintable():
            yield f"name must have 1 to {MAX_TITLE_CHARS} printable characters", None
        return
    if _NAME.fullmatch(text):
        return
    rule = f"A name has 1 to {MAX_NAME_CHARS} of the characters a-z, 0-9, _ and -."
    if not text:
        yield "name is empty", rule
    elif strange := sorted({c for c in text if not _NAME.fullmatch(c)}):
        told = ", ".join("space" if c == " " else repr(c) for c in strange)
        yield f'name "{text}" has characters that no name may have: {told}', rule
    else:
        yield f"name has {len(text)} characters; allowed: 1 to {MAX_NAME_CHARS}", rule


def _check_polygon(path: TomlPath, corners: object) -> Iterator[Note]:
    if isinstance(corners, tuple):
        for what, hint in places.check_polygon(corners):
            yield f"{path[-1]} {what}", hint


def _check_time_zone(_: TomlPath, zone: object) -> Iterator[Note]:
    known = zoneinfo.available_timezones()
    if zone not in known:
        close = nearest(str(zone), sorted(known), least_likeness=0.8)
        hint = f'Did you mean "{close}"?' if close else 'Write one such as "Europe/Paris".'
        yield f'time_zone "{zone}" does not exist', hint


def _check_source(_: TomlPath, source: object) -> Iterator[Note]:
    text = str(source)
    scheme = next((scheme for scheme in SOURCE_SCHEMES if text.startswith(scheme)), None)
    if scheme and len(text) > len(scheme):
        return
    known = "file:PATH, rtsp://…, v4l2:/dev/videoN, picamera2:N, sim:SCENE"
    if scheme:
        yield f"source names nothing after {scheme}", f"Known kinds of source: {known}."
        return
    close = nearest(re.split(r"(?<=:)|(?<=//)", text, maxsplit=1)[0], SOURCE_SCHEMES)
    meant = f"Did you mean {close}…? " if close else ""
    if "/" in text and ":" not in text:
        meant = f'For a file write "file:{text}". '
    yield "source is of no known kind", f"{meant}Known kinds of source: {known}."


def _check_moment(path: TomlPath, moment: object) -> Iterator[Note]:
    if not _MOMENT.fullmatch(str(moment)):
        yield (
            f'{path[-1]} "{moment}" is no time of day',
            'Write "HH:MM" from "00:00" to "23:59", "sunrise", "sunset-1h" or "sunrise+30min".',
        )


def _check_date(path: TomlPath, text: object) -> Iterator[Note]:
    try:
        dt.date.fromisoformat(str(text))
    except ValueError:
        yield f'{path[-1]} "{text}" is no date', 'Write "YYYY-MM-DD", such as "2026-07-14".'


def _check_days(path: TomlPath, days: object) -> Iterator[Note]:
    if isinstance(days, tuple) and len(set(days)) < len(days):
        yield f"{path[-1]} names something twice", "Name each once."
    if days == ():
        yield f"{path[-1]} is empty", "Name at least one, or leave the key out."


_CHECKS: dict[str, Callable[[TomlPath, object], Iterator[Note]]] = {
    "name": _check_name,
    "polygon_frac": _check_polygon,
    "time_zone": _check_time_zone,
    "source": _check_source,
    "starts": _check_moment,
    "ends": _check_moment,
    "first_date": _check_date,
    "last_date": _check_date,
    "weekdays": _check_days,
    "classes": _check_days,
}


def _names(reading: Reading) -> Iterator[tuple[TomlPath, TomlPath, str]]:
    """Every name that must be unique: its place, the list it is unique in, the name."""
    for path, value in reading.values.items():
        if path[-1] == "name" and isinstance(value, str) and isinstance(path[-2], int):
            yield path, path[:-2], value


def _twice(reading: Reading) -> Iterator[Finding]:
    seen: set[tuple[TomlPath, str]] = set()
    for path, owner, name in _names(reading):
        if (owner, name) in seen:
            yield Finding(
                path, f'a {owner[-1]} named "{name}" stands above', "Give each its own name."
            )
        seen.add((owner, name))


def _references(reading: Reading) -> Iterator[Finding]:
    known: dict[TomlPath, list[str]] = {(word,): [] for word in REFERENCES}
    for _, owner, name in _names(reading):
        known.setdefault(owner, []).append(name)
    for path, value in reading.values.items():
        if path[-1] not in REFERENCES or value is None:
            continue
        name, names = str(value), known[path[-1],]
        if name in names:
            continue
        close = nearest(name, names)
        other = next((word for word in REFERENCES if name in known[word,]), None)
        hint = f'"{name}" is a [[{other}]].' if other else f'Did you mean "{close}"?'
        if not close and not other:
            hint = f"Known: {', '.join(names) or 'none'}."
        yield Finding(path, f'no [[{path[-1]}]] is named "{name}"', hint)


def _record_findings(reading: Reading, path: TomlPath, record: object) -> Iterator[Finding]:
    match record:
        case model.Line(from_frac=start, to_frac=end):
            if places.line_length_frac(start, end) < places.MIN_LENGTH_FRAC:
                yield Finding(
                    (*path, "to_frac"), "the line ends where it begins", "Move one of its ends."
                )
        case model.Camera(recording="camera", masks=(_, *_)):
            yield Finding(
                (*path, "recording"),
                "recording as the camera sends it would keep what the masks hide",
                'Write "masked" to encode the masked pictures anew, or "none".',
            )
        case Occupancy(max_things=most, clear_things=int(clear)) if clear > most:
            yield Finding(
                (*path, "clear_things"),
                f"clear_things is {clear}, above max_things ({most}): it would never clear",
                f"Write {most} or less.",
            )
        case model.Schedule():
            yield from _schedule_findings(reading, path, record)
        case model.Site(latitude_deg=latitude, longitude_deg=longitude):
            if (latitude is None) != (longitude is None):
                missing = "latitude_deg" if latitude is None else "longitude_deg"
                yield Finding(
                    path,
                    f"{missing} is missing beside its twin",
                    "Give both or neither.",
                    is_about_key=True,
                )


def _budgets(reading: Reading) -> Iterator[Finding]:
    """A camera may not have more of the detector's time than there is."""
    whole = reading.values.get(
        ("detection", "budget_ms_per_second"), model.Detection().budget_ms_per_second
    )
    for path, value in reading.values.items():
        if path[0] != "camera" or path[-1] != "budget_ms_per_second" or value is None:
            continue
        if isinstance(value, int | float) and isinstance(whole, int | float) and value > whole:
            what = f"budget_ms_per_second is {value:g}, above the {whole:g} of all cameras together"
            hint = f"Write {whole:g} or less, or raise budget_ms_per_second of [detection]."
            yield Finding(path, what, hint)


def _schedule_findings(
    reading: Reading, path: TomlPath, schedule: model.Schedule
) -> Iterator[Finding]:
    follows_sun = schedule.starts.startswith(_SUN) or schedule.ends.startswith(_SUN)
    if follows_sun and not {"latitude_deg", "longitude_deg"} & _site_keys(reading):
        key = "starts" if schedule.starts.startswith(_SUN) else "ends"
        yield Finding(
            (*path, key),
            "a schedule by the sun needs to know where the pole stands",
            "Add latitude_deg and longitude_deg to [site].",
        )
    if schedule.first_date and schedule.last_date and schedule.first_date > schedule.last_date:
        yield Finding(
            (*path, "last_date"),
            f"last_date {schedule.last_date} is before first_date {schedule.first_date}",
            "Swap them.",
        )


def _site_keys(reading: Reading) -> set[object]:
    return {path[1] for path in reading.values if path[0] == "site"}
