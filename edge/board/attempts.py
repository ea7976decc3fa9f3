"""The outermost loop of root's programs: try, say what is wrong, wait, try again.

Said three ways: a line in the journal, the board's light, and a report on the card, which is
written only when it would say something else than before.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from edge.board.card import remove_report, write_report
from edge.board.leds import LIGHT_OF, Light, show
from edge.board.machine import Machine
from edge.board.trouble import BoardError, Trouble, name_trouble
from edge.errors import Kind, VigieError

FIRST_SECONDS = 2.0
CAP_SECONDS = 60.0
SLOW_SECONDS = 300.0
"""After a refusal: only a person changes that, and asking again is noise."""
_QUICK = frozenset({Trouble.NO_NETWORK, Trouble.BAD_CLOCK, Trouble.STORAGE})

Attempt = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

_log = logging.getLogger("vigie.board")


async def repeat_until_done(
    machine: Machine, attempt: Attempt, sleep: Sleep = asyncio.sleep
) -> None:
    """Returns once an attempt did not fail."""
    failures = 0
    reported = ""
    while True:
        try:
            await attempt()
        except (VigieError, OSError) as error:
            reported = tell(machine, as_board_error(error), reported)
            trouble = as_board_error(error).trouble
        else:
            if reported:
                take_back(machine, reported)
            return
        await sleep(get_delay_seconds(trouble, failures))
        failures += 1


def get_delay_seconds(trouble: Trouble, failures: int) -> float:
    """How long to wait after so many failures before this one."""
    if trouble not in _QUICK:
        return SLOW_SECONDS
    return min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** min(failures, 16))


def as_board_error(error: VigieError | OSError) -> BoardError:
    """Any failure as one with a trouble."""
    if isinstance(error, BoardError):
        return error
    if isinstance(error, VigieError):
        return BoardError(name_trouble(error), error.what, kind=error.kind, hint=error.hint)
    where = f" ({error.filename})" if error.filename else ""
    return BoardError(Trouble.STORAGE, f"{error.strerror or error}{where}", kind=Kind.UNAVAILABLE)


def tell(machine: Machine, error: BoardError, reported: str = "") -> str:
    """Say what is wrong; what the card's report says now."""
    _log.error("pole_waits reason=%s what=%r", error.trouble.value, error.what)
    show(machine, LIGHT_OF[error.trouble])
    report = f"{error.trouble.value}\n\n{error.what}\n{error.hint or ''}\n"
    if report == reported:
        return reported
    try:
        write_report(machine, report)
    except (VigieError, OSError) as refused:
        # The journal and the light have said it; a card that takes no writing says it by itself.
        _log.warning("report_not_written reason=%r", str(refused))
    return report


def take_back(machine: Machine, report: str | None = None) -> None:
    """Remove a report that is true no more. report: this one; None: whatever an earlier start said.

    A pole at work that still says `no_network` sends a technician up a ladder for nothing.
    """
    try:
        remove_report(machine, report)
    except (VigieError, OSError) as refused:
        _log.warning("report_not_removed reason=%r", str(refused))


def show_work(machine: Machine) -> None:
    """The light for a pole at work."""
    show(machine, Light.WORKING)
