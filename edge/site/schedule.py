"""When a schedule is open: weekdays, dates, local clock times, sunrise and sunset.

A window belongs to the day on which it starts: that day's weekday and date decide, also after
midnight. Clock times are local, so on the night when clocks change a window is an hour shorter
or longer; a start that the change skips begins when the clocks have moved on.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import sunrise, sunset

from edge.site.model import WEEKDAYS, Schedule, SiteFile

_MOMENT = re.compile(
    r"(?:(?P<clock>\d\d:\d\d)|(?P<sun>sunrise|sunset)"
    r"(?:(?P<sign>[+-])(?P<amount>\d+)(?P<unit>min|h))?)"
)
_MS_PER_MINUTE = 60_000


class Window(NamedTuple):
    """From the start until before the end, milliseconds since 1970-01-01 UTC."""

    starts_utc_ms: int
    ends_utc_ms: int


class Calendar:
    """The schedules of one site."""

    def __init__(self, site: SiteFile) -> None:
        self._schedules = {schedule.name: schedule for schedule in site.schedules}
        self._zone = ZoneInfo(site.site.time_zone)
        latitude, longitude = site.site.latitude_deg, site.site.longitude_deg
        self._observer = Observer(latitude or 0.0, longitude or 0.0)
        self._window = lru_cache(maxsize=64)(self._window_of_day)

    def is_open(self, name: str, utc_ms: int) -> bool:
        """Whether the schedule of that name holds at this moment."""
        schedule = self._schedules[name]
        today = datetime.fromtimestamp(utc_ms / 1000, self._zone).date()
        for day in (today, today - timedelta(days=1)):
            window = self._window(schedule, day)
            if window and window.starts_utc_ms <= utc_ms < window.ends_utc_ms:
                return True
        return False

    def _window_of_day(self, schedule: Schedule, day: date) -> Window | None:
        """The window that starts on a local day. None: none does."""
        if WEEKDAYS[day.weekday()] not in schedule.weekdays:
            return None
        if schedule.first_date and day < date.fromisoformat(schedule.first_date):
            return None
        if schedule.last_date and day > date.fromisoformat(schedule.last_date):
            return None
        starts = self._moment(schedule.starts, day)
        ends = self._moment(schedule.ends, day)
        if _passes_midnight(schedule, starts, ends):
            ends = self._moment(schedule.ends, day + timedelta(days=1))
        if starts is None or ends is None:
            return None
        return Window(_utc_ms(starts), _utc_ms(ends))

    def _clock_moment(self, clock: time, day: date) -> datetime:
        """A wall clock's time on a day; one that the change of clocks skips is moved past it."""
        local = datetime.combine(day, clock)
        while True:
            moment = local.replace(tzinfo=self._zone).astimezone(UTC)
            if moment.astimezone(self._zone).replace(tzinfo=None) == local:
                return moment
            local += timedelta(minutes=1)

    def _moment(self, text: str, day: date) -> datetime | None:
        """A schedule's text on a day. None: the sun does not rise or set on it."""
        match = _MOMENT.fullmatch(text)
        assert match is not None
        if match["clock"]:
            return self._clock_moment(time.fromisoformat(match["clock"]), day)
        follow = sunrise if match["sun"] == "sunrise" else sunset
        try:
            moment = follow(self._observer, day, tzinfo=self._zone)
        except ValueError:
            return None
        minutes = int(match["amount"] or 0) * (60 if match["unit"] == "h" else 1)
        shift = timedelta(minutes=-minutes if match["sign"] == "-" else minutes)
        return moment.astimezone(UTC) + shift


def _passes_midnight(schedule: Schedule, starts: datetime | None, ends: datetime | None) -> bool:
    """Clock times say it by their text: where clocks change, the moments could mislead."""
    if schedule.starts[0].isdigit() and schedule.ends[0].isdigit():
        return schedule.ends <= schedule.starts
    return starts is not None and ends is not None and ends <= starts


def _utc_ms(moment: datetime) -> int:
    """Whole minutes, so that two versions of the sun's formula give the same window."""
    minutes = round(moment.timestamp() / 60)
    return minutes * _MS_PER_MINUTE
