"""Schedules: midnight, weekdays, dates, the nights when clocks change, the sun."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.site.model import Camera, Schedule, Site, SiteFile
from edge.site.schedule import Calendar

PARIS = ZoneInfo("Europe/Paris")


def calendar(schedule: Schedule, zone: str = "Europe/Paris") -> Calendar:
    site = Site("town", zone, latitude_deg=48.8566, longitude_deg=2.3522)
    camera = Camera("north", "file:x.mp4")
    return Calendar(SiteFile(1, site, (camera,), schedules=(schedule,)))


def is_open(schedule: Schedule, local: str, zone: ZoneInfo = PARIS) -> bool:
    moment = datetime.fromisoformat(local).replace(tzinfo=zone)
    return calendar(schedule, zone.key).is_open("s", round(moment.timestamp() * 1000))


NIGHT = Schedule("s", "22:00", "06:00")
FRIDAY_NIGHT = Schedule("s", "22:00", "06:00", weekdays=("fri",))
DATED = Schedule("s", "22:00", "06:00", first_date="2026-07-13", last_date="2026-07-14")
DAYLIGHT = Schedule("s", "sunrise", "sunset")
DUSK = Schedule("s", "sunset+30min", "sunrise-1h")


@pytest.mark.parametrize(
    ("schedule", "local", "expected"),
    [
        (NIGHT, "2026-03-03T21:59:59", False),
        (NIGHT, "2026-03-03T22:00:00", True),
        (NIGHT, "2026-03-04T00:00:00", True),
        (NIGHT, "2026-03-04T05:59:59", True),
        (NIGHT, "2026-03-04T06:00:00", False),
        (FRIDAY_NIGHT, "2026-03-06T23:00:00", True),
        (FRIDAY_NIGHT, "2026-03-07T05:00:00", True),
        (FRIDAY_NIGHT, "2026-03-07T23:00:00", False),
        (FRIDAY_NIGHT, "2026-03-06T05:00:00", False),
        (DATED, "2026-07-13T05:00:00", False),
        (DATED, "2026-07-13T23:00:00", True),
        (DATED, "2026-07-15T05:00:00", True),
        (DATED, "2026-07-15T23:00:00", False),
        # Clocks go forward on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.
        (NIGHT, "2026-03-29T05:59:59", True),
        (NIGHT, "2026-03-29T06:00:00", False),
        (NIGHT, "2026-10-25T05:59:59", True),
        (NIGHT, "2026-10-25T06:00:00", False),
        # Paris: the sun rose at 05:47 and set at 21:58 on 2026-06-21; 08:42 and 16:56 at Christmas.
        (DAYLIGHT, "2026-06-21T05:40:00", False),
        (DAYLIGHT, "2026-06-21T05:55:00", True),
        (DAYLIGHT, "2026-06-21T21:50:00", True),
        (DAYLIGHT, "2026-06-21T22:05:00", False),
        (DAYLIGHT, "2026-12-25T08:35:00", False),
        (DAYLIGHT, "2026-12-25T08:50:00", True),
        (DUSK, "2026-06-21T22:20:00", False),
        (DUSK, "2026-06-21T22:40:00", True),
        (DUSK, "2026-06-22T04:40:00", True),
        (DUSK, "2026-06-22T05:00:00", False),
    ],
)
def test_a_moment_is_inside_or_outside(schedule: Schedule, local: str, expected: bool) -> None:
    assert is_open(schedule, local) is expected


def test_the_night_when_clocks_change_is_an_hour_shorter_or_longer() -> None:
    hours = {"2026-03-28": 7, "2026-10-24": 9, "2026-06-10": 8}
    for day, expected in hours.items():
        evening = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=PARIS).timestamp()
        minutes = sum(
            calendar(NIGHT).is_open("s", round((evening + 60 * minute) * 1000))
            for minute in range(24 * 60)
        )
        assert minutes == expected * 60


def test_an_hour_that_clocks_skip_is_open_when_they_moved_on() -> None:
    skipped = Schedule("s", "02:30", "03:30")
    assert is_open(skipped, "2026-03-29T03:29:00")
    assert not is_open(skipped, "2026-03-29T03:30:00")


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - made local below
    st.times(),
    st.times(),
)
def test_outside_changing_nights_a_window_is_what_a_wall_clock_says(
    local: datetime, start: object, end: object
) -> None:
    starts, ends = str(start)[:5], str(end)[:5]
    if starts == ends:
        return
    moment = local.replace(tzinfo=ZoneInfo("UTC"))
    now = moment.strftime("%H:%M")
    expected = starts <= now < ends if starts < ends else now >= starts or now < ends
    assert is_open(Schedule("s", starts, ends), local.isoformat(), ZoneInfo("UTC")) is expected


def test_the_sun_is_where_a_second_formula_says() -> None:
    """NOAA's low-accuracy equations, written out here, agree within three minutes all year."""
    for day in range(0, 365, 7):
        noon = datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("UTC")) + timedelta(days=day)
        rises, sets = _noaa(noon.timetuple().tm_yday, 48.8566, 2.3522)
        midnight_ms = round((noon.timestamp() - 43_200) * 1000)
        for minute, before, after in ((rises, False, True), (sets, True, False)):
            for shift, expected in ((-4, before), (4, after)):
                at_ms = midnight_ms + round((minute + shift) * 60_000)
                assert calendar(DAYLIGHT).is_open("s", at_ms) is expected


def _noaa(day_of_year: int, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
    """Minutes after midnight UTC of sunrise and sunset."""
    from math import acos, cos, degrees, pi, radians, sin, tan  # noqa: PLC0415

    gamma = 2 * pi / 365 * (day_of_year - 1)
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * cos(gamma)
        - 0.032077 * sin(gamma)
        - 0.014615 * cos(2 * gamma)
        - 0.040849 * sin(2 * gamma)
    )
    declination = (
        0.006918
        - 0.399912 * cos(gamma)
        + 0.070257 * sin(gamma)
        - 0.006758 * cos(2 * gamma)
        + 0.000907 * sin(2 * gamma)
        - 0.002697 * cos(3 * gamma)
        + 0.00148 * sin(3 * gamma)
    )
    latitude = radians(latitude_deg)
    angle = degrees(
        acos(
            cos(radians(90.833)) / (cos(latitude) * cos(declination))
            - tan(latitude) * tan(declination)
        )
    )
    middle = 720 - 4 * longitude_deg - equation_min
    return middle - 4 * angle, middle + 4 * angle
