"""From rows to records: every event is checked against its own CRC before it is shown."""

import sqlite3

from collector.ingest import event_crc, key_crc
from collector.schema import unsigned
from collector.store import DeviceRecord, ReviewRecord, review_message
from edge.errors import Kind, VigieError
from edge.wire.v1 import event_pb2, operator_pb2, session_pb2


def stored_event(row: sqlite3.Row) -> operator_pb2.StoredEvent:
    """An event with its rule, model and latest review.

    Raises VigieError(DATA_LOSS) when the row's bytes or its key have changed on the disk.
    """
    body = row["body"]
    if (
        not isinstance(body, bytes)
        or event_crc(key_crc(row["device"], row["epoch"]), row["seq"], body) != row["crc"]
    ):
        raise VigieError(
            Kind.DATA_LOSS,
            f"event {row['number']} is damaged: its bytes do not match their checksum",
            where=f"{row['device']} seq {row['seq']}",
            hint="Check the disk, and restore the newest copy of the collector's database.",
        )
    stored = operator_pb2.StoredEvent(
        number=row["number"],
        device=row["device"],
        epoch=unsigned(row["epoch"]),
        seq=row["seq"],
        captured_utc_ms=row["captured_utc_ms"],
        stored_utc_ms=row["stored_utc_ms"],
        event=event_pb2.Event.FromString(body),
        start_seq=row["start_seq"],
        clock_error_ms=row["clock_error_ms"],
    )
    _add_rule(stored, row["dictionary_body"])
    if row["verdict"] not in (None, operator_pb2.VERDICT_WITHDRAWN):
        stored.review.CopyFrom(review_message(_review(row)))
    return stored


def device_record(row: sqlite3.Row) -> DeviceRecord:
    """A device as the collector knows it."""
    seen = [utc_ms for utc_ms in (row["last_seen_utc_ms"], row["stored_utc_ms"]) if utc_ms]
    return DeviceRecord(
        name=row["name"],
        state=row["state"],
        last_seen_utc_ms=max(seen, default=None),
        stored_events=row["stored_events"] or 0,
        certificate_expires_utc_ms=row["certificate_expires_utc_ms"],
        software=row["software"],
        health=session_pb2.Status.FromString(row["health"]) if row["health"] is not None else None,
        health_utc_ms=row["health_utc_ms"],
        has_twin=row["twin_utc_ms"] is not None,
    )


def _add_rule(stored: operator_pb2.StoredEvent, dictionary_body: bytes | None) -> None:
    """The rule as it was in force; nothing when its dictionary never arrived or lacks it."""
    if dictionary_body is None:
        return
    dictionary = event_pb2.Dictionary.FromString(dictionary_body)
    stored.model = dictionary.model
    stored.mandate_profile = dictionary.mandate_profile
    stored.mandate_mode = dictionary.mandate_mode
    if stored.event.rule <= len(dictionary.rules):
        stored.rule.CopyFrom(dictionary.rules[stored.event.rule - 1])


def _review(row: sqlite3.Row) -> ReviewRecord:
    return ReviewRecord(
        event_number=row["number"],
        verdict=row["verdict"],
        note=row["note"],
        reviewer=row["reviewer"],
        reviewed_utc_ms=row["reviewed_utc_ms"],
    )
