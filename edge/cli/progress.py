"""How far long work is: a bar on a terminal, a plain line now and then everywhere else.

The work says how far it is and goes on; a thread of ours draws. So drawing costs the work nothing,
work that is over soon draws nothing, and rich is imported only where a bar is really shown.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from edge.cli import voice

if TYPE_CHECKING:
    from rich.progress import Progress

Unit = Literal["bytes", "parts"]
# How far it is: what is done and, where it is known, of how much.
Report = Callable[[int, int | None], None]

BAR_AFTER_SECONDS = 0.7
BAR_EVERY_SECONDS = 0.1
LINE_AFTER_SECONDS = 2.0
LINE_EVERY_SECONDS = 10.0
_MB = 1_000_000


@contextmanager
def show_progress(
    speaker: voice.Voice, what: str, unit: Unit = "parts", *, after_seconds: float | None = None
) -> Iterator[Report]:
    """Show how far the work inside is; the bar is gone when it ends, lines stay.

    what: the work in words that follow "vigie: ". Call what is yielded as often as you like, from
    any thread; work that cannot say how far it is need not. after_seconds: nothing is shown of
    work that ends sooner; left out, 0.7 s for a bar and 2 s for lines.
    """
    usual_seconds = BAR_AFTER_SECONDS if speaker.has_bars else LINE_AFTER_SECONDS
    work = _Work(what, unit, usual_seconds if after_seconds is None else after_seconds)
    draw = _draw_bar if speaker.has_bars else _draw_lines
    drawer = threading.Thread(target=draw, args=(work,), name="progress", daemon=True)
    drawer.start()
    try:
        yield work.report
    finally:
        work.ended.set()
        drawer.join()


@dataclass(slots=True)
class _Work:
    what: str
    unit: Unit
    after_seconds: float
    begun: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)
    # One pair, so that a drawing thread never sees the one of now and the other of before.
    state: tuple[int, int | None] = (0, None)

    def report(self, done: int, total: int | None) -> None:
        self.state = (done, total)


def _draw_bar(work: _Work) -> None:
    if work.ended.wait(work.after_seconds):
        return
    with _make_bar(work.unit) as bar:
        task = bar.add_task(f"vigie: {work.what}", total=None)
        while True:
            done, total = work.state
            bar.update(task, completed=done, total=total, refresh=True)
            if work.ended.wait(BAR_EVERY_SECONDS):
                return


def _make_bar(unit: Unit) -> "Progress":
    from rich.console import Console  # noqa: PLC0415 - only where a bar is shown
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    amounts = [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else []
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        *amounts,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        # Standard output is for data and stays as it is.
        console=Console(stderr=True),
        redirect_stdout=False,
        auto_refresh=False,
        transient=True,
    )


def _draw_lines(work: _Work) -> None:
    wait_seconds = work.after_seconds
    while not work.ended.wait(wait_seconds):
        voice.say(f"vigie: {work.what}: {_how_far(work)}")
        wait_seconds = LINE_EVERY_SECONDS


def _how_far(work: _Work) -> str:
    done, total = work.state
    seconds = f"{time.monotonic() - work.begun:.0f} s"
    parts = [f"{min(100, 100 * done // total)} %"] if total else []
    if work.unit == "bytes" and done:
        parts.append(f"{_size(done)} of {_size(total)}" if total else _size(done))
    return ", ".join([*parts, seconds])


def _size(count_bytes: int) -> str:
    return f"{count_bytes / _MB:.1f} MB"
