"""Office hours as people write them."""

import re

import click

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY_MINUTES = 24 * 60


class Hours(click.ParamType[tuple[int, int]]):
    """`09:00-16:00`; an end before the start is on the next day."""

    name = "hours"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Minutes after midnight of the start and the end."""
        found = _HOURS.fullmatch(str(value))
        numbers = [int(each) for each in found.groups()] if found else []
        if not numbers or numbers[2] * 60 + numbers[3] > _DAY_MINUTES:
            self.fail(f"'{value}' is no time of a day; write it as 09:00-16:00", param, ctx)
        starts, ends = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if starts == ends:
            self.fail(f"'{value}' ends when it starts; a whole day is 00:00-24:00", param, ctx)
        return starts, ends if ends > starts else ends + _DAY_MINUTES
