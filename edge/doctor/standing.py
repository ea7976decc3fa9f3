"""Judgements about the pole itself: disk, clock, uplink, mandate, heat, software, its page."""

from datetime import datetime, timedelta

from edge.doctor.facts import Facts, Storage
from edge.doctor.finding import Finding, Verdict

DAYS_A_YEAR = 365.25
YEARS_OK, YEARS_WARN = 5.0, 2.0
"""How long a medium shall last: a ladder and a permit are dearer than a card."""
FREE_OK = 0.10
WORN_WARN_PERCENT, WORN_FAIL_PERCENT = 70, 90
SOON = timedelta(days=30)
CERTIFICATE_SOON = timedelta(days=5)
"""It renews itself after a third of its 30 days; one that did not for so long has a reason."""
SLOW_MS = 1_000
HOT_MARGIN_CELSIUS = 10.0
_THROTTLED_NOW = 0xF
"""Bits 0 to 3 of vcgencmd get_throttled: under-voltage, capped, throttled, soft limit now."""
_MB, _GB, _TB = 10**6, 10**9, 10**12


def judge_storage(facts: Facts) -> list[Finding]:
    """Whether there is room."""
    storage = facts.storage
    if storage.free_bytes is None or not storage.total_bytes:
        said = "the disk cannot be asked"
        return [Finding("storage", Verdict.FAIL, said, "Look at 'dmesg' for that disk.")]
    said = f"{storage.free_bytes / _GB:.1f} of {storage.total_bytes / _GB:.1f} GB free"
    least = facts.site.health.min_free_mb * _MB
    if storage.free_bytes < least:
        remedy = f"Free space or a larger card: below {least / _GB:.1f} GB events are dropped."
        return [Finding("storage", Verdict.FAIL, said, remedy)]
    if storage.free_bytes < storage.total_bytes * FREE_OK:
        return [Finding("storage", Verdict.WARN, said, "Take a larger card, or fewer ring days.")]
    return [Finding("storage", Verdict.OK, said)]


def judge_endurance(facts: Facts) -> list[Finding]:
    """How long the medium will last."""
    storage = facts.storage
    if storage.worn_percent is not None and storage.worn_percent >= WORN_WARN_PERCENT:
        verdict = Verdict.FAIL if storage.worn_percent >= WORN_FAIL_PERCENT else Verdict.WARN
        said = f"the medium says that {storage.worn_percent} % of its life is used"
        return [Finding("endurance", verdict, said, "Replace it before you leave.")]
    if storage.written_per_day_bytes is None:
        return [Finding("endurance", Verdict.SKIPPED, "the disk does not count what is written")]
    said = f"{storage.written_per_day_bytes / _GB:.1f} GB written a day"
    said += f" (counted over {storage.counted_hours or 0:.1f} h)"
    if storage.rated_bytes is None:
        said += "; what the medium is rated for is unknown: give --rated-tb"
        return [Finding("endurance", Verdict.SKIPPED, said)]
    years = _years(storage)
    said += f", rated {storage.rated_bytes / _TB:g} TB: {years:.1f} years"
    if years >= YEARS_OK:
        return [Finding("endurance", Verdict.OK, said)]
    remedy = "Take a medium of higher endurance, or record fewer cameras or days."
    verdict = Verdict.WARN if years >= YEARS_WARN else Verdict.FAIL
    return [Finding("endurance", verdict, said, remedy)]


def judge_clock(facts: Facts) -> list[Finding]:
    """Whether the clock is proven."""
    clock = facts.clock
    if not clock.source or clock.error_ms is None:
        remedy = "Reach the collector (its answer proves the clock) or a time service over NTP."
        return [Finding("clock", Verdict.FAIL, "nothing proves the clock", remedy)]
    said = f"proven by {clock.source}, within {clock.error_ms} ms"
    return [Finding("clock", Verdict.OK, said)]


def judge_uplink(facts: Facts) -> list[Finding]:
    """Whether the collector answers, and is the pinned one."""
    uplink = facts.uplink
    if uplink.trouble:
        return [Finding("uplink", Verdict.FAIL, uplink.trouble, uplink.hint)]
    said = f"{uplink.address}: the pinned one, {uplink.round_trip_ms} ms there and back, "
    said += f"{uplink.answered_ms} ms to its word"
    if (uplink.round_trip_ms or 0) <= SLOW_MS:
        return [Finding("uplink", Verdict.OK, said)]
    remedy = "Turn the antenna, or take another SIM: events still arrive, clips take long."
    return [Finding("uplink", Verdict.WARN, said, remedy)]


def judge_certificate(facts: Facts) -> list[Finding]:
    """Whether the certificate renews itself."""
    until = facts.uplink.certificate_until
    if until is None:
        remedy = "Enrol it: 'vigie device enrol', with a token from the control room."
        return [Finding("certificate", Verdict.FAIL, "this pole is not enrolled", remedy)]
    said = f"until {_day(until)}"
    if until <= facts.made:
        remedy = "Enrol it again with a new token from 'vigie device invite NAME'."
        return [Finding("certificate", Verdict.FAIL, f"ended on {_day(until)}", remedy)]
    if until - facts.made < CERTIFICATE_SOON:
        remedy = "It should have renewed itself: see 'journalctl -u vigie-link'."
        return [Finding("certificate", Verdict.WARN, said, remedy)]
    return [Finding("certificate", Verdict.OK, said)]


def judge_mandate(facts: Facts) -> list[Finding]:
    """Whether it may see, until when, and with which cameras."""
    mandate = facts.mandate
    if mandate.reason or mandate.expires is None:
        said = f"none holds: {mandate.reason or 'no_mandate'}"
        remedy = "The technician's guide says what each word asks for; nothing is seen until then."
        return [Finding("mandate", Verdict.FAIL, said, remedy)]
    said = f"version {mandate.version} of {mandate.authority}, {mandate.mode}, "
    said += f"until {_day(mandate.expires)}, for {', '.join(mandate.cameras)}"
    unnamed = [
        each.camera.name for each in facts.cameras if each.camera.name not in mandate.cameras
    ]
    if unnamed:
        remedy = f"Ask the authority whether {', '.join(unnamed)} should be named: it sees nothing."
        return [Finding("mandate", Verdict.WARN, said, remedy)]
    if mandate.expires - facts.made < SOON:
        return [Finding("mandate", Verdict.WARN, said, "Have the next one signed before then.")]
    return [Finding("mandate", Verdict.OK, said)]


def judge_heat(facts: Facts) -> list[Finding]:
    """Whether the board is cool, and fed well."""
    heat = facts.heat
    if heat.throttle_flags is not None and heat.throttle_flags:
        is_now = bool(heat.throttle_flags & _THROTTLED_NOW)
        said = f"the board slows down or slowed down since start (0x{heat.throttle_flags:x})"
        remedy = "Take the maker's power supply and a shorter cable; give the box air."
        return [Finding("heat", Verdict.FAIL if is_now else Verdict.WARN, said, remedy)]
    if heat.celsius is None:
        return [Finding("heat", Verdict.SKIPPED, "the board has no sensor that answers")]
    flags = "" if heat.throttle_flags is None else ", never throttled"
    said = f"{heat.celsius:.0f} °C{flags}"
    limit = facts.site.health.max_celsius
    if heat.celsius > limit:
        remedy = "Give the box shade and air, or a larger heat sink."
        return [Finding("heat", Verdict.FAIL, said, remedy)]
    if heat.celsius > limit - HOT_MARGIN_CELSIUS:
        remedy = f"It is near the site file's {limit:g} °C: think of a day in July."
        return [Finding("heat", Verdict.WARN, said, remedy)]
    return [Finding("heat", Verdict.OK, said)]


def judge_software(facts: Facts) -> list[Finding]:
    """Which release runs, and from which slot."""
    slot = f", slot {facts.software.slot}" if facts.software.slot else ", no image"
    return [Finding("software", Verdict.OK, f"vigie {facts.software.version}{slot}")]


def judge_openings(facts: Facts) -> list[Finding]:
    """How often the local page was opened, by the pole's own record."""
    openings = facts.openings
    if openings.damage:
        remedy = "Keep the file: somebody changed it. The collector's events say the same things."
        return [Finding("local page", Verdict.FAIL, openings.damage, remedy)]
    said = "never opened"
    if openings.last is not None:
        often = "once" if openings.count == 1 else f"{openings.count} times"
        said = f"opened {often}, last on {_day(openings.last)}; the chain is whole"
    return [Finding("local page", Verdict.OK, said)]


def _years(storage: Storage) -> float:
    if not storage.rated_bytes or not storage.written_per_day_bytes:
        return 99.9
    return min(99.9, storage.rated_bytes / storage.written_per_day_bytes / DAYS_A_YEAR)


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
