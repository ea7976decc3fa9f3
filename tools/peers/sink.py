"""The collector's own store behind a broker: what has gathered is committed, then acked.

Used by the subscribers beside it. They store with the code that the collector stores with, so that
a comparison is one of ways to the disk and not of tables. Answers each line on stdin with what was
stored so far.
"""

import json
import sqlite3
import sys
import threading
from pathlib import Path

from collector.ledger import SqliteIntake
from collector.schema import open_writer
from collector.store import Delivery
from edge.clock import SystemClock
from edge.wire.v1 import session_pb2

SUBJECT = "events"


class Sink:
    """One connection, used by one thread."""

    def __init__(self, path: Path) -> None:
        self._connection: sqlite3.Connection = open_writer(path)
        self._connection.execute("PRAGMA wal_autocheckpoint=1000")
        self._intake = SqliteIntake(self._connection, SystemClock())
        self.events = 0
        self.commits = 0

    def store(self, messages: list[tuple[str, bytes]]) -> None:
        """Commit messages: the device that the subject names, and a ConnectRequest with a batch."""
        deliveries = [
            Delivery(device, 1, session_pb2.ConnectRequest.FromString(body).batch)
            for device, body in messages
        ]
        self._connection.execute("BEGIN IMMEDIATE")
        stored = self._intake.store(self._connection, deliveries)
        self._connection.execute("COMMIT")
        self.events += sum(each.stored_events for each in stored)
        self.commits += 1


def answer_stdin(sink: Sink) -> threading.Thread:
    """Say what was stored, once a line, until stdin ends."""

    def answer() -> None:
        print(json.dumps({"ready": True}), flush=True)
        for _ in sys.stdin:
            print(json.dumps({"events": sink.events, "commits": sink.commits}), flush=True)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread
