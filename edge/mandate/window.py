"""When a mandate holds: weekdays, local clock times, dates; the clock on the town hall decides.

A window is open while the local clock shows a time inside it. It belongs to the day on which it
starts: that day's weekday and date decide, also after midnight. In the night when clocks go back,
the repeated hour is inside twice; where they go forward, the skipped one never is. A window that
ends when it starts is empty and refused; a whole day is written 00:00 to 24:00.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from edge.wire.fields import Fields

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


@dataclass(frozen=True, slots=True)
class Window:
    """From the start until before the end, minutes after local midnight of the day it starts on.

    starts_minute: 0 to 1439. ends_minute: 1 to 2879; above 1440 it ends on the next day.
    """

    weekdays: tuple[str, ...]
    starts_minute: int
    ends_minute: int
    first_date: date | None = None
    last_date: date | None = None

    def has_day(self, day: date) -> bool:
        """Whether a window starts on this local day."""
        return (
            WEEKDAYS[day.weekday()] in self.weekdays
            and (self.first_date is None or day >= self.first_date)
            and (self.last_date is None or day <= self.last_date)
        )


def is_open(windows: tuple[Window, ...], zone: ZoneInfo, utc: datetime) -> bool:
    """Whether any window holds at this moment. utc: with its zone."""
    local = utc.astimezone(zone)
    minute = local.hour * 60 + local.minute
    today = local.date()
    for window in windows:
        if window.starts_minute <= minute < window.ends_minute and window.has_day(today):
            return True
        if minute + MINUTES_A_DAY < window.ends_minute and window.has_day(
            today - timedelta(days=1)
        ):
            return True
    return False


def read_window(fields: Fields) -> Window:
    """The window of an object; what is wrong with it goes to the problems."""
    weekdays = fields.words("weekdays", WEEKDAYS, least=1)
    starts = _minute(fields, "starts")
    ends = _minute(fields, "ends")
    first, last = fields.day("first_date"), fields.day("last_date")
    fields.close()
    if starts is not None and starts == ends:
        fields.wrong(
            "ends", "is the time at which the window starts: it would never be open",
            "A whole day is 00:00 to 24:00.",
        )  # fmt: skip
    if starts == MINUTES_A_DAY:
        fields.wrong("starts", 'is "24:00"; a window starts at 23:59 at the latest')
    if first and last and last < first:
        fields.wrong("last_date", "is before first_date")
    starts, ends = starts or 0, ends if ends is not None else 1
    return Window(weekdays, starts, ends if ends > starts else ends + MINUTES_A_DAY, first, last)


def window_record(window: Window) -> dict[str, object]:
    """The window as a statement writes it."""
    ends = window.ends_minute
    record: dict[str, object] = {
        "weekdays": list(window.weekdays),
        "starts": clock_text(window.starts_minute),
        "ends": clock_text(ends if ends <= MINUTES_A_DAY else ends - MINUTES_A_DAY),
    }
    if window.first_date:
        record["first_date"] = window.first_date.isoformat()
    if window.last_date:
        record["last_date"] = window.last_date.isoformat()
    return record


def clock_text(minute: int) -> str:
    """`07:30` for 450, `24:00` for 1440."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _minute(fields: Fields, key: str) -> int | None:
    text = fields.text(key, longest=5)
    if _CLOCK.fullmatch(text):
        return int(text[:2]) * 60 + int(text[3:])
    if text:
        fields.wrong(key, f'is "{text}"; allowed: 00:00 to 24:00')
    return None
