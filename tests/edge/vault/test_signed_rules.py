"""The ring is bound by the signed rules too: what was made under others is refused and told."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.vault.duties import Duties
from edge.vault.fragment import Gap, GapReason
from edge.vault.recorder import Recorder
from edge.wire.packets import StreamRules
from edge.wire.ring_report import ring_report_path
from edge.wire.v1 import event_pb2
from tests.edge.vault.scenes import FPS, RULES, Movie, Pole, invented, make_pole
from tests.edge.vault.test_run import end_vault, moved_to_now, send, start_vault
from tests.fakes.mandates import CAMERA, around, make_room

UNMASKED = StreamRules("ee" * 32, RULES.site_sha256)
GROUP = 2 * FPS
WAIT_S = 30
START, END = event_pb2.PHASE_START, event_pb2.PHASE_END
SIGNED = {CAMERA: RULES.camera_sha256}


def under(rules: StreamRules, frames: int = 2 * GROUP) -> Movie:
    """A film of some seconds that says it was made under these rules."""
    movie = invented(frames, group=GROUP)
    return replace(movie, hello=replace(movie.hello, rules=rules))


@contextmanager
def watching(pole: Pole) -> Iterator[tuple[Recorder, Duties]]:
    recorder = pole.record()
    room = make_room(pole.data, pole.clock, room="vault")
    ring_report_path(pole.data).parent.mkdir(parents=True, exist_ok=True)
    duties = Duties(pole.data, room, recorder, pole.clock)
    try:
        yield recorder, duties
    finally:
        duties.close()
        recorder.close()


def told(data: Path) -> list[tuple[str, int, str]]:
    """Rule, phase and reason of what the vault told."""
    found: list[tuple[str, int, str]] = []
    with suppress(FileNotFoundError), Spool(spool_path(data)) as spool:
        for pending in spool.read(0):
            dictionary = spool.dictionary(pending.batch.dictionary)
            assert dictionary is not None
            found += [
                (dictionary.rules[each.rule - 1].name, int(each.phase), each.reason)
                for each in pending.batch.events
            ]
    return found


def test_a_stream_under_other_rules_is_not_kept_and_its_gap_says_so(tmp_path: Path) -> None:
    pole = make_pole(tmp_path, rules_sha256=SIGNED)
    recorder = pole.record()
    pole.play(recorder, under(RULES))
    assert recorder.refused == ""
    pole.play(recorder, under(UNMASKED))
    assert recorder.refused == "rules_changed"
    assert recorder.settle(WAIT_S)
    assert len(pole.headers()) == 2
    with pole.reading() as reader:
        (gap,) = reader.gaps(CAMERA)
    assert (gap.gap, gap.to_utc_ns) == (Gap(GapReason.NO_PERMIT), None)
    pole.play(recorder, under(RULES))
    assert recorder.refused == ""
    recorder.close()
    headers = pole.headers()
    assert [header.seq for header in headers] == [1, 2, 3, 4]
    assert headers[2].gap == Gap(GapReason.NO_PERMIT)


def test_a_hello_under_other_rules_names_the_gap_before_any_packet(tmp_path: Path) -> None:
    """An honest eye sends none: it knows the mandate as well."""
    pole = make_pole(tmp_path, rules_sha256=SIGNED)
    recorder = pole.record()
    pole.play(recorder, under(RULES))
    recorder.end(CAMERA)
    recorder.begin(under(UNMASKED).hello)
    assert recorder.settle(WAIT_S)
    with pole.reading() as reader:
        (gap,) = reader.gaps(CAMERA)
    assert gap.gap == Gap(GapReason.NO_PERMIT)
    assert recorder.refused == "", "no packet was refused"
    recorder.close()


def test_an_eye_that_goes_on_sending_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    pole = make_pole(tmp_path, rules_sha256=SIGNED)
    with watching(pole) as (recorder, duties):
        movie = under(UNMASKED, 12 * FPS)
        now = movie.from_moment(pole.clock.utc_ns(), pole.clock.monotonic_ns())
        recorder.begin(now.hello)
        for second in range(12):
            pole.go_on(recorder, now.packets[second * FPS : (second + 1) * FPS])
            duties.do()
        pole.clock.advance(4)
        duties.do()
        duties.do()
    rule = "health/mandate/ring"
    assert told(tmp_path) == [(rule, START, "rules_changed"), (rule, END, "rules_changed")]
    assert pole.headers() == []


def test_a_refusal_of_a_moment_is_no_news(tmp_path: Path) -> None:
    """The eye looks once a second; until then the vault alone knows that a window has ended."""
    pole = make_pole(tmp_path, rules_sha256=SIGNED)
    with watching(pole) as (recorder, duties):
        for rules in (UNMASKED, RULES, UNMASKED, RULES):
            pole.play(recorder, under(rules))
            duties.do()
    assert told(tmp_path) == []


def test_the_process_writes_nothing_of_a_stream_under_other_rules(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    now = around(datetime.now(UTC))
    pole.city.install(tmp_path, pole.city.mandate(rules_sha256=SIGNED, **now))
    child = start_vault(tmp_path)
    try:
        send(pole.places, moved_to_now(under(UNMASKED)))
        send(pole.places, moved_to_now(under(RULES, GROUP)))
    finally:
        said = end_vault(child)
    assert f"recording_refused camera={CAMERA} reason=rules_changed" in said
    assert len(pole.samples()) == GROUP
