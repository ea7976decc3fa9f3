"""`vigie events` against a real collector with events from a real link."""

import asyncio
import json
from pathlib import Path

import pytest

from edge.cli.event_lines import as_record
from edge.wire.v1 import event_pb2, operator_pb2
from tests.fakes.control_room import ControlRoom, run_vigie
from tests.fakes.delivery import deliver
from tests.fakes.pole import Pole

EVENTS = 3


@pytest.fixture(scope="module")
def pole(room: ControlRoom, tmp_path_factory: pytest.TempPathFactory) -> Pole:
    pole = Pole(tmp_path_factory.mktemp("pole"))
    assert room.enrol("north-gate", pole.data).returncode == 0
    return pole


@pytest.fixture
async def stored(room: ControlRoom, pole: Pole) -> list[dict[str, object]]:
    """Records of what is stored, at least three events."""
    if len(records := _list(room)) < EVENTS:
        await _deliver(room, pole, EVENTS)
        records = _list(room)
    return records


async def _deliver(room: ControlRoom, pole: Pole, count: int, *words: str) -> str:
    """Append events to a pole that is linked; what `events tail` says of them."""
    before = len(await asyncio.to_thread(_list, room))
    return await deliver(room, pole, count, *words, after=before)


def _list(room: ControlRoom, *arguments: str) -> list[dict[str, object]]:
    listed = run_vigie("events", "list", "--data", room.data, "--json", *arguments)
    assert listed.returncode == 0, listed.stderr
    return [json.loads(line) for line in listed.stdout.splitlines()]


async def test_list_gives_one_object_a_line_with_the_rule_and_its_function(
    stored: list[dict[str, object]],
) -> None:
    first = stored[0]
    assert (first["number"], first["device"], first["seq"]) == (1, "north-gate", 1)
    assert (first["rule"], first["function"], first["phase"]) == ("gate", "line_crossing", "start")
    assert int(str(first["size_bytes"])) > 0
    assert int(str(first["stored_utc_ms"])) >= int(str(first["captured_utc_ms"]))


async def test_list_filters_by_device_function_and_number(
    room: ControlRoom, stored: list[dict[str, object]]
) -> None:
    assert len(_list(room, "--limit", "2")) == 2
    assert _list(room, "--device", "nobody") == []
    assert len(_list(room, "--function", "line_crossing")) == len(stored)
    assert [one["number"] for one in _list(room, "--after", "1", "--limit", "1")] == [2]
    newest = _list(room, "--newest", "--limit", "1")
    assert newest[0]["number"] == len(stored)


async def test_list_answers_a_misspelt_function_with_the_nearest(room: ControlRoom) -> None:
    refused = run_vigie("events", "list", "--function", "line_crosing", "--data", room.data)
    assert refused.returncode == 3
    assert refused.stderr == (
        "vigie: there is no function 'line_crosing'\n  Did you mean 'line_crossing'?\n"
    )


async def test_tail_shows_an_event_as_it_is_stored_with_its_latency(
    room: ControlRoom, pole: Pole, stored: list[dict[str, object]]
) -> None:
    said = await _deliver(room, pole, 1)
    assert f"#{len(stored) + 1}" in said
    assert "north-gate" in said
    assert "line_crossing start" in said
    assert "after capture" in said


async def test_show_says_why_in_three_languages(
    room: ControlRoom, stored: list[dict[str, object]]
) -> None:
    sentences = set()
    for lang in ("en", "fr", "es"):
        shown = run_vigie("events", "show", "1", "--lang", lang, "--data", room.data)
        assert shown.returncode == 0, shown.stderr
        sentences.add(shown.stdout.splitlines()[0])
        assert "seq 1" in shown.stdout
    assert len(sentences) == 3


async def test_a_review_is_kept_with_who_and_shown_and_can_be_withdrawn(
    room: ControlRoom, stored: list[dict[str, object]]
) -> None:
    reviewed = run_vigie(
        "events", "review", "2", "--reject", "--note", "a cat", "--data", room.data
    )
    assert reviewed.stderr == "event 2: rejected by operator:local\n"
    run_vigie("events", "review", "2", "--withdraw", "--data", room.data)
    shown = run_vigie("events", "show", "2", "--json", "--data", room.data)
    reviews = json.loads(shown.stdout)["reviews"]
    assert [(one["verdict"], one["note"]) for one in reviews] == [
        ("rejected", "a cat"),
        ("withdrawn", ""),
    ]


async def test_an_event_that_is_not_there_is_answered_with_how_to_find_one(
    room: ControlRoom,
) -> None:
    missing = run_vigie("events", "show", "4711", "--data", room.data)
    assert missing.returncode == 4
    assert "there is no event 4711" in missing.stderr
    assert "vigie events list" in missing.stderr


def test_review_without_a_verdict_is_a_usage_error(tmp_path: Path) -> None:
    refused = run_vigie("events", "review", "1", "--data", tmp_path)
    assert refused.returncode == 2
    assert "give one of --confirm, --reject, --unsure, --withdraw" in refused.stderr


def test_a_function_of_a_newer_device_is_shown_by_its_number() -> None:
    newer = event_pb2.Rule.FromString(b"\x10\xe7\x07")
    stored = operator_pb2.StoredEvent(number=1, rule=newer)
    assert as_record(stored)["function"] == "unknown function 999"
