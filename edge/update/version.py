"""An image's version: one to four whole numbers with points between them, compared as numbers."""

import re

_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}")
_PARTS = 4

Version = tuple[int, int, int, int]


def parse_version(text: str) -> Version | None:
    """`0.2` is 0.2.0.0; None: this is no version."""
    if _VERSION.fullmatch(text) is None:
        return None
    numbers = [int(part) for part in text.split(".")]
    numbers += [0] * (_PARTS - len(numbers))
    return numbers[0], numbers[1], numbers[2], numbers[3]


def format_version(version: Version) -> str:
    """Without needless zeros at the end; at least two numbers."""
    numbers = list(version)
    while len(numbers) > 2 and not numbers[-1]:
        numbers.pop()
    return ".".join(str(number) for number in numbers)
