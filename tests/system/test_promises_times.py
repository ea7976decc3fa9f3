"""P14 from the eye's line over the vault's socket and ring into what a clip's manifest says."""

import io
import selectors
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from edge.evidence.sealed import Sealer
from edge.eye.camera.ring_line import RingLine
from edge.eye.camera.source import Packet, StreamFormat
from edge.vault.cut import Cut, cut_clip
from edge.vault.fragment import GapReason
from edge.vault.intake import Intake
from edge.vault.recorder import Recorder
from edge.wire.packets import SourceKind
from tests.edge.vault.scenes import FPS, Movie, Pole, filmed, make_pole
from tests.fakes.evidence import make_reader
from tests.fakes.mandates import CAMERA

HOUR_S = 3_600
LEAST_WHOLE_FRAGMENTS = 2


@dataclass
class Line:
    """The eye's end and the vault's end of one camera, on one clock."""

    pole: Pole
    recorder: Recorder
    selector: selectors.BaseSelector
    line: RingLine
    movie: Movie

    def play(self) -> None:
        """A film of two seconds and a little, each packet at its moment."""
        for packet in self.movie.packets:
            self.pole.clock.advance(1 / FPS)
            kept = Packet(packet.encoded, packet.is_key, packet.pts, packet.dts, packet.duration)
            self.line.take(kept)
            while ready := self.selector.select(0):
                for key, _ in ready:
                    key.data()
        assert self.recorder.settle(30)


def step(pole: Pole, kind: str) -> float:
    """Set the wall clock; by how many seconds."""
    seconds = {"back": -HOUR_S, "forwards": HOUR_S, "1970": -pole.clock.utc_ns() / 1e9}[kind]
    pole.clock.step_utc(seconds)
    return seconds


def cut_all(pole: Pole) -> Cut:
    """All that the ring holds, as a clip."""
    reader = make_reader()
    with pole.reading() as ring:
        footage = ring.footage(CAMERA)
        headers = footage.list_headers(0, 2**62)
        return cut_clip(footage, headers, Sealer(io.BytesIO(), "all", {reader.keyid: reader.raw}))


@pytest.mark.parametrize("kind", ["back", "forwards", "1970"])
def test_times_in_a_manifest_never_run_back_and_say_their_error_and_source(
    tmp_path: Path, kind: str
) -> None:
    pole = make_pole(tmp_path)
    movie = filmed(tmp_path)
    recorder = pole.record()
    with selectors.DefaultSelector() as selector:
        with closing(Intake(pole.places.socket, recorder, selector)):
            hello = movie.hello
            line = RingLine(
                pole.places.socket, CAMERA, pole.clock,
                rules=hello.rules, may_record=lambda: True, kind=SourceKind.CAMERA,
            )  # fmt: skip
            line.begin(
                StreamFormat(
                    hello.codec, hello.extradata, hello.width_px, hello.height_px,
                    hello.time_base_num, hello.time_base_den,
                )
            )  # fmt: skip
            whole = Line(pole, recorder, selector, line, movie)
            whole.play()
            seconds = step(pole, kind)
            whole.play()
            if kind != "forwards":
                pole.clock.step_utc(-seconds)
            whole.play()
            line.close()
        recorder.close()
    cut = cut_all(pole)
    assert len(cut.fragments) > LEAST_WHOLE_FRAGMENTS
    assert all(each.first_utc_ms <= each.last_utc_ms for each in cut.fragments)
    assert all(a.last_utc_ms <= b.first_utc_ms for a, b in pairwise(cut.fragments))
    assert all(each.clock_error_ms is not None for each in cut.fragments)
    assert next(span.from_seq for span in cut.spans) == cut.fragments[0].seq
    assert all(span.clock_source == "kernel_ntp" for span in cut.spans)
    reasons = {header.gap.reason for header in pole.headers() if header.gap}
    assert reasons & {GapReason.CLOCK_STEPPED, GapReason.NO_PERMIT}, "the step is told"
