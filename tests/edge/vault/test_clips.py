"""The clip desk: what leaves the pole, what does not, and what stands in the audit before it."""

import io
import json
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edge.errors import VigieError
from edge.evidence.device_keys import DeviceKey
from edge.evidence.pole_key import ensure_evidence_key
from edge.evidence.request import sign_request
from edge.evidence.sealed import open_sealed
from edge.evidence.verify import Verdict, verify_clip
from edge.mandate.keys import make_signing_key
from edge.mandate.reason import Reason
from edge.mandate.room import MandateRoom
from edge.vault import clips
from edge.vault.clips import ClipDesk, read_standing
from edge.vault.clips_audit import check_audit
from edge.vault.clips_making import Standing
from edge.vault.fragment import Gap, GapReason
from edge.vault.index import GapRow
from edge.vault.reader import RingReader
from edge.wire import clip_talk as said
from tests.edge.vault.scenes import filmed, make_pole
from tests.fakes.clock import FakeClock
from tests.fakes.evidence import NOW_UTC_MS, Reader, make_reader, make_request
from tests.fakes.footage import FakeRing, Footage, record, record_again
from tests.fakes.mandates import CAMERA, DEVICE, City, make_room, statement

MS = 1_000_000
NAME = "pole-1-0001"


@dataclass
class Stage:
    """A vault's desk with a minute of video, and a city that may ask for it."""

    data: Path
    reader: Reader = field(default_factory=make_reader)
    clock: FakeClock = field(default_factory=FakeClock)
    footage: Footage = field(default_factory=lambda: record(40))

    def __post_init__(self) -> None:
        self.city = City(readers=(self.reader.named,))
        self.ring = FakeRing(self.footage)
        self.city.install(self.data, self.city.mandate())
        self.room = make_room(self.data, self.clock, room="vault")
        self.commands = 0
        self.desk = self.open()

    def open(self) -> ClipDesk:
        """A vault that starts, or starts again."""
        key = ensure_evidence_key(self.data / "vault", DEVICE)
        self.key = DeviceKey(DEVICE, key.public.raw, NOW_UTC_MS)
        desk = ClipDesk(
            self.data, lambda: self.ring, key, device=DEVICE, software="0.1.0", clock=self.clock
        )
        desk.standing = read_standing(self.room)
        self.desk = desk
        return desk

    def sign(self, **changes: object) -> str:
        """A request as the collector signs it, for half a minute."""
        request = make_request(**{"readers": (self.reader.keyid,), **changes})
        return sign_request(request, self.city.clip_key)

    def ask(self, envelope: str | None = None, **changes: object) -> list[said.FromVault]:
        """What the vault answers."""
        self.commands += 1
        request = said.Request(self.commands, envelope or self.sign(**changes))
        return self.desk.take(request)

    def refusal(self, **changes: object) -> str:
        """The sentence with which it refuses."""
        answer = self.ask(self.sign(**changes))[0]
        assert isinstance(answer, said.Answer)
        assert answer.code == "refused"
        return answer.message

    def open_clip(self, clip: str = NAME) -> bytes:
        """What a reader gets."""
        sealed = said.sealed_path(self.data, clip).read_bytes()
        return b"".join(open_sealed(io.BytesIO(sealed), self.reader.private))

    def verify(self, clip: str = NAME) -> Verdict:
        """What an expert finds."""
        envelope = said.manifest_path(self.data, clip).read_bytes()
        return verify_clip(io.BytesIO(self.open_clip(clip)), envelope, [self.key])

    def audit(self) -> list[dict[str, object]]:
        """All lines, the chain checked."""
        path = self.data / "vault" / "audit.jsonl"
        assert check_audit(path).damage is None
        return [json.loads(line) for line in path.read_text().splitlines()]

    def acts(self) -> list[object]:
        """The words of the audit."""
        return [line["act"] for line in self.audit()]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.desk.close()


def test_a_good_request_is_cut_sealed_and_proven(stage: Stage) -> None:
    assert stage.ask() == [said.Answer(1, "done", ""), said.Report(NAME, "cutting", "")]
    (ready,) = stage.desk.cut_next()
    assert isinstance(ready, said.Ready)
    assert ready.sealed_bytes == said.sealed_path(stage.data, NAME).stat().st_size
    manifest = stage.verify().manifest
    assert manifest.sealed_blake3.hex() == ready.sealed_blake3
    assert manifest.request.reason == "a person was pushed, see the report of 3 May"
    assert manifest.mandate.profile == "bench"
    assert manifest.fragments[0].first_utc_ms <= NOW_UTC_MS - 60_000
    assert manifest.fragments[-1].last_utc_ms >= NOW_UTC_MS - 30_100
    assert stage.acts() == ["accepted", "cut"]
    assert not stage.desk.has_work


def test_the_request_is_in_the_audit_before_the_first_byte_is_cut(stage: Stage) -> None:
    stage.ask()
    assert stage.footage.opened == 0
    (line,) = stage.audit()
    detail = line["detail"]
    assert isinstance(detail, dict)
    assert detail["operator"] == "ada"
    assert detail["reason"] == "a person was pushed, see the report of 3 May"
    assert detail["case"] == "2026-0042"


def test_nothing_is_cut_when_the_audit_cannot_be_written(stage: Stage) -> None:
    with _files_of_at_most(0):
        (answer,) = stage.ask()
    assert isinstance(answer, said.Answer)
    assert answer.code == "failed"
    assert not stage.desk.has_work
    assert stage.acts() == []
    assert stage.ask()[0] == said.Answer(2, "done", "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device": "pole-2"}, "the request is for pole-2, this is pole-1"),
        ({"camera": "cellar"}, "holds no camera cellar"),
        ({"readers": ("cd" * 32,)}, "was not named when this pole was enrolled"),
        ({"role": "technician"}, "lets operator, supervisor ask for clips"),
        ({"to_utc_ms": NOW_UTC_MS + 60_000}, "it is only 2026-09-21"),
        ({"from_utc_ms": NOW_UTC_MS - 86_400_000, "second_person": "grace"}, "one clip holds 30"),
        ({"max_minutes_alone": 0}, "a second person has to agree"),
        (
            {"from_utc_ms": NOW_UTC_MS - 300_000, "to_utc_ms": NOW_UTC_MS - 200_000},
            "the nearest it has is 2026-09-21 14:12:20 to 2026-09-21 14:12:59 UTC",
        ),
    ],
)
def test_a_request_that_may_not_be_is_refused_and_audited(
    stage: Stage, changes: dict[str, object], words: str
) -> None:
    assert words in stage.refusal(**changes)
    assert not stage.desk.has_work
    assert stage.footage.opened == 0
    assert stage.acts() == ["refused"]


def test_a_forged_request_is_refused_and_nothing_of_it_is_written_down(stage: Stage) -> None:
    forged = sign_request(make_request(readers=(stage.reader.keyid,)), make_signing_key("eve"))
    (answer,) = stage.ask(forged)
    assert isinstance(answer, said.Answer)
    assert "not signed by the collector's clip key" in answer.message
    (line,) = stage.audit()
    assert line["clip"] == ""
    assert line["detail"] == {
        "no": "not_signed",
        "request_sha256": line["detail"]["request_sha256"],  # type: ignore[index]
        "unwritten": 0,
    }


def test_a_widened_request_is_forged(stage: Stage) -> None:
    envelope = json.loads(stage.sign())
    other = json.loads(stage.sign(from_utc_ms=NOW_UTC_MS - 600_000))
    envelope["payload"] = other["payload"]
    (answer,) = stage.ask(json.dumps(envelope))
    assert isinstance(answer, said.Answer)
    assert "does not fit the text" in answer.message


def test_a_thousand_forged_requests_do_not_fill_the_disk(stage: Stage) -> None:
    for _ in range(1_000):
        stage.ask("{}")
    assert len(stage.audit()) == 60
    stage.clock.advance(3_600)
    stage.ask("{}")
    assert stage.audit()[-1]["detail"]["unwritten"] == 940  # type: ignore[index]


def test_a_thousand_signed_requests_that_are_refused_do_not_fill_the_disk(stage: Stage) -> None:
    """Who stole the key that signs asks for what no mandate allows, and for one thing again."""
    stage.ask(clip="good")
    for number in range(500):
        assert "holds no camera cellar" in stage.refusal(clip=f"c{number}", camera="cellar")
        assert "names are used once" in stage.refusal(clip="good", case="another")
    assert stage.acts().count("accepted") == 1
    assert len(stage.audit()) == 61
    stage.ask("{}")
    assert stage.audit()[-1]["detail"]["unwritten"] == 0  # type: ignore[index]
    stage.clock.advance(3_600)
    stage.ask(clip="last", camera="cellar")
    line = stage.audit()[-1]
    assert (line["act"], line["detail"]["unwritten"]) == ("refused", 940)  # type: ignore[index]


def test_a_key_that_signs_all_it_is_asked_gets_no_more_than_the_mandate_s_clips_a_day(
    stage: Stage,
) -> None:
    stage.city.install(stage.data, stage.city.mandate(version=2, clips_per_camera_a_day=2))
    stage.room.poll()
    stage.desk.standing = read_standing(stage.room)
    for number in range(2):
        stage.ask(clip=f"c{number}", kind="still", to_utc_ms=NOW_UTC_MS - 60_000)
        stage.desk.cut_next()
    assert "2 clips of north were taken on" in stage.refusal(clip="c2")
    stage.desk.close()
    stage.open()
    assert "the mandate allows 2; the next one in 24 h 00 min" in stage.refusal(clip="c3")
    line = stage.audit()[-1]
    assert (line["act"], line["detail"]["no"]) == ("refused", "too_many_a_day")  # type: ignore[index]
    stage.clock.advance(86_400)
    refused_for_its_age = stage.refusal(clip="c4")
    assert "clips of north were taken on" not in refused_for_its_age


def test_the_same_request_again_is_answered_and_not_done_again(stage: Stage) -> None:
    envelope = stage.sign()
    stage.ask(envelope)
    assert stage.ask(envelope) == [said.Answer(2, "done", "")]
    (ready,) = stage.desk.cut_next()
    assert stage.ask(envelope) == [said.Answer(3, "done", ""), ready]
    stage.desk.take(said.Delivered(NAME))
    (answer,) = stage.ask(envelope)
    assert isinstance(answer, said.Answer)
    assert answer.code == "refused"
    assert "was answered: delivered" in answer.message
    assert not said.sealed_path(stage.data, NAME).exists()
    assert stage.acts() == ["accepted", "cut", "delivered", "repeated"]


def test_another_request_with_a_name_that_was_used_is_refused(stage: Stage) -> None:
    stage.ask()
    stage.desk.cut_next()
    assert "names are used once" in stage.refusal(case="another-case")
    stage.desk.take(said.Delivered(NAME))
    stage.desk.close()
    stage.open()
    assert "names are used once" in stage.refusal(case="a-third-case")


def test_a_request_that_expires_while_it_waits_is_not_cut(stage: Stage) -> None:
    stage.ask()
    stage.clock.advance(601)
    assert stage.desk.cut_next() == [
        said.Report(NAME, "failed", "the request expired 2026-09-21 14:23:20 UTC")
    ]
    assert stage.footage.opened == 0


def test_a_mandate_that_is_revoked_while_it_waits_stops_the_clip(stage: Stage) -> None:
    stage.ask()
    stage.city.install(stage.data, stage.city.revocation(statement()))
    stage.room.poll()
    stage.desk.standing = read_standing(stage.room)
    (report,) = stage.desk.cut_next()
    assert isinstance(report, said.Report)
    assert "the mandate was revoked" in report.message


def test_without_trust_or_a_proven_clock_nothing_is_cut(stage: Stage) -> None:
    good = stage.desk.standing
    stage.desk.standing = Standing()
    assert "not told whose clip requests to believe" in stage.refusal()
    stage.desk.standing = replace(good, clock_error_ms=None, reason=Reason.CLOCK_UNPROVEN)
    assert "no clip without a proven clock" in stage.refusal()


def test_a_still_is_one_picture_by_the_same_road(stage: Stage) -> None:
    moment = NOW_UTC_MS - 45_000
    stage.ask(kind="still", from_utc_ms=moment, to_utc_ms=moment)
    stage.desk.cut_next()
    manifest = stage.verify().manifest
    assert len(manifest.fragments) == 1
    assert manifest.fragments[0].first_utc_ms <= moment
    assert moment - manifest.fragments[0].first_utc_ms < 1_000
    assert manifest.gaps == ()


def test_a_clip_across_a_gap_names_it(stage: Stage) -> None:
    stage.footage.fragments = stage.footage.fragments[:5]
    record_again(stage.footage, 5, Gap(GapReason.KILLED, 1), after_s=10)
    stage.ask()
    stage.desk.cut_next()
    gap, *rest = stage.verify().manifest.gaps
    assert gap.reason == "killed"
    assert gap.to_utc_ms - gap.from_utc_ms == 10_000
    assert [each.reason for each in rest] == ["ring_ends"]


def test_the_nearest_stretch_is_named_not_the_whole_span(stage: Stage) -> None:
    stage.footage.fragments = stage.footage.fragments[:5]
    record_again(stage.footage, 5, Gap(GapReason.KILLED), after_s=20)
    first_ends = stage.footage.headers[4].last_utc_ns
    row = GapRow(
        CAMERA, 5, first_ends, stage.footage.headers[5].first_utc_ns, Gap(GapReason.KILLED)
    )
    stage.ring.gap_rows = [row]
    for begins_s, nearest in ((3, "14:12:20 to 14:12:29"), (15, "14:12:49 to 14:12:54")):
        from_utc_ms = first_ends // MS + begins_s * 1_000
        message = stage.refusal(
            clip=f"clip-{begins_s}", from_utc_ms=from_utc_ms, to_utc_ms=from_utc_ms + 2_000
        )
        begins, _, ends = nearest.partition(" to ")
        assert f"the nearest it has is 2026-09-21 {begins} to 2026-09-21 {ends} UTC" in message


def test_a_full_disk_while_cutting_leaves_nothing_behind(stage: Stage) -> None:
    stage.ask()
    with _files_of_at_most(8_000):
        assert stage.desk.cut_next() == [
            said.Report(NAME, "failed", "the pole's disk is full; nothing was kept of this clip")
        ]
    assert list(said.outgoing_folder(stage.data).iterdir()) == []
    assert stage.acts() == ["accepted", "failed"]


def test_a_disk_without_room_is_known_before_anything_is_cut(small_disk: Path) -> None:
    stage = Stage(small_disk)
    assert "no room for this clip" in stage.refusal()
    assert stage.footage.opened == 0
    stage.desk.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, smaller than what is kept free for the ring."""
    size_bytes = clips.RESERVE_BYTES // 2
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "none", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system of its own needs root")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_damaged_fragment_ends_the_clip_and_leaves_nothing_behind(stage: Stage) -> None:
    stage.footage.damaged.add(4)
    stage.ask()
    (report,) = stage.desk.cut_next()
    assert report == said.Report(NAME, "failed", "its seal is broken")
    assert list(said.outgoing_folder(stage.data).iterdir()) == []


def test_only_so_many_clips_wait(stage: Stage) -> None:
    moment = NOW_UTC_MS - 45_000
    for number in range(clips.MAX_WAITING_CLIPS):
        stage.ask(clip=f"clip-{number}", kind="still", from_utc_ms=moment, to_utc_ms=moment)
    assert "16 clips wait here already" in stage.refusal()


def test_a_vault_that_is_killed_goes_on_where_it_was(stage: Stage) -> None:
    stage.ask()
    stage.desk.close()
    desk = stage.open()
    assert desk.has_work
    (ready,) = desk.cut_next()
    desk.close()
    desk = stage.open()
    assert not desk.has_work
    assert desk.announce() == [ready]
    stage.verify()


def test_a_vault_killed_between_clip_and_audit_writes_the_line_later(stage: Stage) -> None:
    envelope = stage.sign()
    stage.ask(envelope)
    stage.desk.cut_next()
    stage.desk.close()
    audit = stage.data / "vault" / "audit.jsonl"
    audit.write_text(audit.read_text().splitlines(keepends=True)[0])
    (stage.data / "vault" / "orders" / f"{NAME}.json").write_text(envelope)
    desk = stage.open()
    assert not desk.has_work
    assert len(desk.announce()) == 1
    assert stage.acts() == ["accepted", "cut"]


def test_what_stands_in_no_audit_is_neither_cut_nor_given_out(stage: Stage) -> None:
    stage.ask()
    stage.desk.cut_next()
    stage.desk.close()
    (stage.data / "vault" / "audit.jsonl").write_text("")
    (stage.data / "vault" / "orders" / "planted.json").write_text(stage.sign(clip="planted"))
    (said.outgoing_folder(stage.data) / "half.part").write_text("x")
    desk = stage.open()
    assert not desk.has_work
    assert desk.announce() == []
    assert list(said.outgoing_folder(stage.data).iterdir()) == []


def test_delivered_and_dropped_clips_are_deleted_and_twice_is_harmless(stage: Stage) -> None:
    stage.ask()
    stage.desk.cut_next()
    for _ in range(2):
        assert stage.desk.take(said.Delivered(NAME)) == []
        assert stage.desk.take(said.Drop(9, NAME)) == [said.Answer(9, "done", "")]
    assert stage.acts() == ["accepted", "cut", "delivered"]
    stage.ask(clip="another")
    assert stage.desk.take(said.Drop(10, "another")) == [said.Answer(10, "done", "")]
    assert not stage.desk.has_work
    assert stage.acts()[-2:] == ["accepted", "dropped"]


def test_a_clip_that_nobody_fetched_for_a_week_is_forgotten(stage: Stage) -> None:
    stage.ask()
    (ready,) = stage.desk.cut_next()
    stage.clock.advance(7 * 86_400 - 1)
    assert stage.desk.announce() == [ready]
    stage.clock.advance(2)
    assert stage.desk.announce() == []
    assert stage.acts()[-1] == "forgotten"


def test_the_link_can_read_what_waits_and_nothing_else(stage: Stage) -> None:
    stage.ask()
    stage.desk.cut_next()
    outgoing = said.outgoing_folder(stage.data)
    assert outgoing.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in outgoing.iterdir()} == {0o640}
    orders = stage.data / "vault" / "orders"
    assert orders.stat().st_mode & 0o077 == 0
    assert (stage.data / "vault" / "evidence.pem").stat().st_mode & 0o777 == 0o600


def test_a_damaged_evidence_key_is_never_replaced(tmp_path: Path) -> None:
    ensure_evidence_key(tmp_path, DEVICE)
    (tmp_path / "evidence.pem").write_text("damaged")
    with pytest.raises(VigieError, match="the evidence key is damaged"):
        ensure_evidence_key(tmp_path, DEVICE)
    assert (tmp_path / "evidence.pem").read_text() == "damaged"


def test_the_room_s_word_is_taken_as_it_is(stage: Stage) -> None:
    standing = read_standing(stage.room)
    assert standing.mandate is not None
    assert standing.reason is None
    assert standing.clock_error_ms is not None
    assert isinstance(stage.room, MandateRoom)


@contextmanager
def _files_of_at_most(size_bytes: int) -> Iterator[None]:
    """The kernel refuses to let any file of this process grow further, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_clip_out_of_a_real_ring_on_the_disk_is_proven(tmp_path: Path) -> None:
    reader = make_reader()
    pole = make_pole(tmp_path)
    pole.city = City(pole.city.keys, pole.city.clip_key, readers=(reader.named,))
    pole.city.install(tmp_path)
    recorder = pole.record()
    pole.play(recorder, filmed(tmp_path))
    recorder.close()
    key = ensure_evidence_key(tmp_path / "vault", DEVICE)
    desk = ClipDesk(
        tmp_path,
        lambda: RingReader(pole.places),
        key,
        device=DEVICE,
        software="0.1.0",
        clock=pole.clock,
    )
    desk.standing = read_standing(make_room(tmp_path, pole.clock, room="vault"))
    request = make_request(
        readers=(reader.keyid,), from_utc_ms=NOW_UTC_MS, to_utc_ms=NOW_UTC_MS + 2_000
    )
    assert desk.take(said.Request(1, sign_request(request, pole.city.clip_key)))[0] == said.Answer(
        1, "done", ""
    )
    (ready,) = desk.cut_next()
    desk.close()
    assert isinstance(ready, said.Ready)
    sealed = io.BytesIO(said.sealed_path(tmp_path, NAME).read_bytes())
    mp4 = io.BytesIO(b"".join(open_sealed(sealed, reader.private)))
    envelope = said.manifest_path(tmp_path, NAME).read_bytes()
    proven = verify_clip(mp4, envelope, [DeviceKey(DEVICE, key.public.raw, NOW_UTC_MS)])
    with pole.reading() as ring:
        held = ring.footage(CAMERA).list_headers(0, 2**62)
    assert [piece.sha256 for piece in proven.manifest.fragments] == [
        header.samples_sha256 for header in held
    ]
