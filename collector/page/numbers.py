"""Numbers as a page sends them: text of digits, nothing else."""

from edge.errors import Kind, VigieError

_MAX_DIGITS = 18


def read_number(text: str) -> int:
    """A whole number from 0. Raises VigieError(INVALID_ARGUMENT)."""
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise VigieError(
            Kind.INVALID_ARGUMENT, f"'{text[:40]}' is no number", hint="Reload the page."
        )
    return int(text)
