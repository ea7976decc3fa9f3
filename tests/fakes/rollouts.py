"""A rollout in a collector's store, its poles as a test wants them."""

import sqlite3
from collections.abc import Mapping

from collector.updates.bundles import Bundle
from collector.updates.rollout import Member, Plan
from collector.updates.rows import RUNNING, Rollout, insert, keep_bundle
from collector.updates.states import FAILED, State
from edge.mandate.window import WEEKDAYS, Window
from edge.wire.v1 import update_pb2
from tests.fakes.page_stage import Stage

BUNDLE = Bundle(bytes(32), 1000, "0.2.0", "rpi")


def put_rollout(stage: Stage, poles: Mapping[str, State], now_ms: int = 1_790_000_000_000) -> int:
    """A running rollout, the first pole in the canary's wave; its number."""
    members = [
        Member(
            name,
            min(place, 1),
            "Europe/Paris",
            state,
            now_ms,
            offers=int(state is not State.WAITING),
            refusal=update_pb2.UPDATE_REFUSAL_NO_PROGRESS
            if state in FAILED
            else update_pb2.UPDATE_REFUSAL_UNSPECIFIED,
        )
        for place, (name, state) in enumerate(poles.items())
    ]
    plan = Plan(Window(WEEKDAYS[:5], 9 * 60, 16 * 60))

    def write(connection: sqlite3.Connection) -> int:
        keep_bundle(connection, BUNDLE, now_ms, is_whole=True)
        begun = Rollout(0, BUNDLE, RUNNING, "", "operator:local", now_ms, now_ms, plan)
        return insert(connection, begun, members).number

    return stage.run(stage.core.writer.submit(write))
