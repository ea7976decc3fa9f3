"""Replacing a damaged file by what can be told from it, and saying what that cost."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.spool import rebuild, salvage
from edge.spool.database import Database, StorageError
from edge.spool.rows import Rows
from edge.spool.state import State

_ROWS_PER_LOOK = 1_024
_BEFORE_ALL_KEYS = -(2**62)


@dataclass(frozen=True, slots=True)
class Repair:
    """A damaged file was replaced.

    set_aside: where it lies now; None when nothing was missing but an unfinished write.
    has_new_epoch: nothing could be told from it, so seqs begin again under a new epoch.
    """

    set_aside: Path | None
    recovered_events: int
    missing_events: int
    has_new_epoch: bool


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a repair needs beside the damaged file."""

    path: Path
    connect: Callable[[Path], Database]
    draw_epoch: Callable[[], int]

    def replace(
        self, rows: Rows | None, raw_log: bytes, now_utc_ns: int, *, is_damage: bool
    ) -> Repair:
        """Write what can be told into a new file and put it in the old one's place.

        rows: the damaged file as far as SQLite shows it; it stays open until it has its other
        name, for SQLite then leaves it as it is. The caller closes it and opens anew.
        raw_log: the log as it lay there before SQLite opened it.
        """
        finds = salvage.scan(raw_log + rebuild.read_raw(self.path))
        if rows is not None:
            _take_rows(finds, rows)
        plan = salvage.plan(finds)
        has_new_epoch = plan is None
        if plan is None:
            plan = salvage.Plan(State(epoch=self.draw_epoch()), (), {}, 0, 0)
        missing = plan.missing_events
        if is_damage:
            reason = "spool_lost" if has_new_epoch else "spool_rebuilt"
            plan = salvage.with_notice(plan, reason, max(0, now_utc_ns // 1_000_000))
        rebuild.write_new(self.path, plan, self.connect)
        aside = rebuild.finish(self.path, now_utc_ns)
        if aside is not None and not is_damage and not missing:
            rebuild.forget(aside)
            aside = None
        return Repair(aside, plan.recovered_events, missing, has_new_epoch)


def _take_rows(finds: salvage.Finds, rows: Rows) -> None:
    """Add what SQL still shows; it may stop anywhere."""
    with suppress(StorageError):
        seq = _BEFORE_ALL_KEYS
        while found := rows.after(seq, _ROWS_PER_LOOK):
            for row in found:
                salvage.take(finds, row.body)
                seq = max(seq, row.last_seq)
