"""A mandate as a page that a mayor reads before signing: plain text, in three languages."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from edge.mandate.languages import Words
from edge.mandate.profile import IDENTITY
from edge.mandate.statement import EVERYWHERE, Mandate, Place, Revocation
from edge.mandate.window import MINUTES_A_DAY, WEEKDAYS, Window, clock_text
from edge.wire.names import FUNCTION_NUMBERS

_WIDTH_CHARS = 88
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its sentences."""

    heading: str
    lines: tuple[str, ...]


def mandate_sections(mandate: Mandate, words: Words) -> tuple[Section, ...]:
    """All that a mandate says, in the order in which a person asks."""
    profile = mandate.profile
    return (
        Section(words.who, (mandate.authority,)),
        Section(words.why, (mandate.purpose,)),
        Section(words.basis, (mandate.legal_basis, f"{profile.name}: {profile.title}")),
        Section(words.where, (mandate.place, _devices(mandate, words))),
        Section(words.what, (*_cameras(mandate, words), identity_line(mandate, words))),
        Section(words.when, window_lines(mandate, words)),
        Section(words.until, term_lines(mandate, words)),
        Section(words.mode, _mode_lines(mandate, words)),
        Section(words.video, (video_line(mandate, words),)),
        Section(words.clips, _clip_lines(mandate, words)),
        Section(words.fixed, (words.fixed_text, *_hashes(mandate))),
        Section(words.contact, (mandate.contact,)),
    )


def mandate_page(mandate: Mandate, words: Words, *, signers: Sequence[str]) -> str:
    """The page. signers: what is known of who signed; empty: nobody did."""
    title = words.mandate.format(version=mandate.version)
    signed = words.signed_by.format(names=", ".join(signers)) if signers else words.unsigned
    parts = [title, "=" * len(title), signed]
    if mandate.profile.watermark:
        parts += ["", words.bench]
    for section in mandate_sections(mandate, words):
        parts += ["", section.heading]
        for line in section.lines:
            hanging = _INDENT + " " * (len(line) - len(line.lstrip()))
            parts += textwrap.wrap(
                line, _WIDTH_CHARS, initial_indent=_INDENT, subsequent_indent=hanging + "  "
            )
    return "\n".join(parts) + "\n"


def revocation_page(revocation: Revocation, words: Words) -> str:
    """What a revocation says."""
    title = words.revocation.format(version=revocation.version)
    return (
        f"{title}\n{'=' * len(title)}\n\n{words.who}\n{_INDENT}{revocation.authority}\n\n"
        f"{words.reason}\n{_INDENT}{revocation.reason}\n\n"
        f"{words.fixed}\n{_INDENT}sha256 {revocation.mandate_sha256}\n"
    )


def function_words(names: frozenset[str], words: Words) -> tuple[str, ...]:
    """Functions as a resident would say them, in the order of the wire's list."""
    ordered = sorted(names, key=lambda name: FUNCTION_NUMBERS[name])
    return tuple(words.functions[name] for name in ordered)


def identity_line(mandate: Mandate, words: Words) -> str:
    """Whether anybody may be identified."""
    named = {name for each in mandate.cameras for place in each.places for name in place.functions}
    if any(FUNCTION_NUMBERS[name] in IDENTITY for name in named):
        return words.identity
    return words.no_identity


def window_lines(mandate: Mandate, words: Words) -> tuple[str, ...]:
    """Each window in words, and whose clock decides."""
    lines = [_window_line(window, words) for window in mandate.windows]
    return (*lines, words.local_time.format(zone=mandate.time_zone))


def term_lines(mandate: Mandate, words: Words) -> tuple[str, ...]:
    """From when until when, in the mandate's own local time."""
    zone = ZoneInfo(mandate.time_zone)
    begins, ends = (_moment(each, zone, words) for each in (mandate.not_before, mandate.expires))
    lines = [words.term.format(begins=begins, ends=ends)]
    basis = mandate.profile.legal_basis_ends
    if basis is not None:
        lines.append(words.basis_ends.format(ends=_moment(basis, zone, words)))
    return tuple(lines)


def video_line(mandate: Mandate, words: Words) -> str:
    """What is kept, and for how long."""
    return words.kept.format(days=mandate.ring_days) if mandate.ring_days else words.not_kept


def _devices(mandate: Mandate, words: Words) -> str:
    return words.devices.format(names=", ".join(mandate.devices))


def _cameras(mandate: Mandate, words: Words) -> tuple[str, ...]:
    lines = []
    for each in mandate.cameras:
        lines.append(words.camera.format(name=each.camera))
        lines += [f"  - {_place(place, words)}" for place in each.places]
        if not each.places:
            lines.append(f"  - {words.nothing_computed}")
    return tuple(lines)


def _place(place: Place, words: Words) -> str:
    functions = ", ".join(function_words(place.functions, words))
    if place.zone == EVERYWHERE:
        return words.whole_picture.format(functions=functions)
    return words.zone.format(name=place.zone, functions=functions)


def _mode_lines(mandate: Mandate, words: Words) -> tuple[str, ...]:
    said = words.operation if mandate.mode == "operation" else words.calibration
    return (said, words.review) if mandate.profile.has_operator_review else (said,)


def _clip_lines(mandate: Mandate, words: Words) -> tuple[str, ...]:
    if not mandate.clip_requesters or not mandate.ring_days:
        return (words.no_clips,)
    *others, last = (words.roles[role] for role in mandate.clip_requesters)
    names = f"{', '.join(others)} {words.and_word} {last}" if others else last
    said = (
        words.clips_by.format(names=names),
        words.clips_a_day.format(count=mandate.clips_per_camera_a_day),
    )
    return (*said, words.custody) if mandate.profile.has_chain_of_custody else said


def _hashes(mandate: Mandate) -> tuple[str, ...]:
    rules = [f"{name}: sha256 {digest}" for name, digest in sorted(mandate.rules_sha256.items())]
    return (*rules, *(f"model: sha256 {digest}" for digest in sorted(mandate.models)))


def _window_line(window: Window, words: Words) -> str:
    days = [words.weekdays[WEEKDAYS.index(day)] for day in WEEKDAYS if day in window.weekdays]
    said = words.every_day if len(days) == len(WEEKDAYS) else ", ".join(days)
    ends = window.ends_minute
    if window.starts_minute == 0 and ends == MINUTES_A_DAY:
        said = f"{said}, {words.all_day}"
    elif ends <= MINUTES_A_DAY:
        said = f"{said}, {clock_text(window.starts_minute)} - {clock_text(ends)}"
    else:
        late = clock_text(ends - MINUTES_A_DAY)
        said = f"{said}, {clock_text(window.starts_minute)} - {late} {words.next_day}"
    for day, form in ((window.first_date, words.from_date), (window.last_date, words.to_date)):
        if day is not None:
            said = f"{said}, {form.format(date=_date(day, words))}"
    return said


def _moment(moment: datetime, zone: ZoneInfo, words: Words) -> str:
    local = moment.astimezone(zone)
    return words.moment.format(date=_date(local.date(), words), clock=local.strftime("%H:%M"))


def _date(day: date, words: Words) -> str:
    number = words.first_day if day.day == 1 else day.day
    return words.date.format(day=number, month=words.months[day.month - 1], year=day.year)
