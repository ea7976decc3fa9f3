"""One line per fact: an event name and fields, on standard error, for the journal."""

import logging

_LOG = logging.getLogger("vigie.link")


def note(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write `event field=value ...`; values with spaces are quoted. Never a key or a token."""
    words = [event, *(f"{name}={_quoted(value)}" for name, value in fields.items())]
    _LOG.log(level, "%s", " ".join(words))


def _quoted(value: object) -> str:
    text = str(value).replace("\n", " ").replace('"', "'")
    return f'"{text}"' if " " in text or not text else text
