"""The eye to look at: what it saw is on the pictures, and only a bench mandate shows any."""

import contextlib
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.clock import SystemClock
from edge.errors import Kind, VigieError
from edge.eye.film import Film
from edge.eye.replay import with_source
from edge.eye.watch import Bench, await_bench, watch
from edge.mandate.gate import Facts
from edge.mandate.kernel_clock import KernelClock
from edge.mandate.mailbox import read_time_questions, write_incoming, write_time_answer
from edge.mandate.room import MandateRoom
from edge.mandate.time_statement import sign_time
from edge.site.canonical import rules_sha256
from edge.site.rules import LineCrossing
from edge.wire.eye_status import ensure_eye_folder
from tests.edge.eye.drawn import BrightThings, draw_walkers, site_of
from tests.fakes.mandates import CAMERA, DEVICE, City, around, make_room, statement

SITE = site_of(LineCrossing(function="line_crossing", name="cross", line="gate"))
Picture = npt.NDArray[np.uint8]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    ensure_eye_folder(tmp_path)
    path = tmp_path / "walkers.mp4"
    draw_walkers(path, frames=12)
    return path


def bench_of(film: Path, mandates: MandateRoom) -> Bench:
    site = replace(SITE, cameras=(replace(SITE.cameras[0], name=CAMERA),))
    site, camera = with_source(site, site.cameras[0], f"file:{film}")
    return Bench(site, camera, BrightThings(), mandates)


def text_of(**changes: object) -> bytes:
    zones = [{"zone": "gate", "functions": ["line_crossing"]}]
    cameras = [{"camera": CAMERA, "zones": zones}]
    return statement(cameras=cameras, **{**around(datetime.now(UTC)), **changes})


def room_with(folder: Path, text: bytes, city: City) -> MandateRoom:
    city.install(folder, city.sign(text))
    return make_room(folder, SystemClock())


def test_under_a_bench_mandate_every_frame_is_shown_with_what_was_looked_at(
    film: Path, tmp_path: Path
) -> None:
    shown: list[Picture] = []
    mandates = room_with(tmp_path, text_of(), City())
    watch(bench_of(film, mandates), shown.append)
    assert len(shown) == 12
    assert {picture.shape for picture in shown} == {(180, 320, 3)}
    crops = [np.all(np.abs(each.astype(int) - (90, 220, 220)) < 8, axis=2).sum() for each in shown]
    assert max(crops) > 100, "no crop and no budget is drawn"
    mandates.close()


def test_the_collectors_answer_about_the_time_is_waited_for(tmp_path: Path) -> None:
    city, unsure = City(), KernelClock(is_synchronised=False, max_error_us=16_000_000)
    city.install(tmp_path, city.sign(text_of()))
    mandates = make_room(tmp_path, SystemClock(), kernel=unsure)
    with pytest.raises(VigieError, match="nothing proves that the clock is right"):
        await_bench(mandates, CAMERA, within_seconds=0)

    def answer() -> None:
        (nonce,) = read_time_questions(tmp_path)
        now_ms = time.time_ns() // 10**6
        said = sign_time(DEVICE, nonce, utc_ms=now_ms, error_ms=20, key=city.clip_key)
        write_time_answer(tmp_path, said)

    link = threading.Thread(target=answer)
    link.start()
    assert await_bench(mandates, CAMERA).profile == "bench"
    link.join()
    mandates.close()


def test_a_city_mandate_shows_no_picture(film: Path, tmp_path: Path) -> None:
    site = bench_of(film, make_room(tmp_path, SystemClock())).site
    text = text_of(
        profile="pe-municipal", ring_days=45, rules_sha256=rules_sha256(site), models=["ab" * 32]
    )
    mandates, shown = room_with(tmp_path, text, City()), list[Picture]()
    mandates.set_facts(Facts(rules_sha256(site)))
    assert mandates.permit(CAMERA).profile == "pe-municipal"
    with pytest.raises(VigieError, match="pe-municipal") as refused:
        watch(bench_of(film, mandates), shown.append)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    assert shown == []
    mandates.close()


def test_without_a_mandate_no_picture_is_shown(film: Path, tmp_path: Path) -> None:
    mandates = make_room(tmp_path, SystemClock())
    with pytest.raises(VigieError) as refused:
        watch(bench_of(film, mandates), lambda _: None)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    mandates.close()


def test_a_mandate_that_is_revoked_ends_the_video(film: Path, tmp_path: Path) -> None:
    city, text, shown = City(), text_of(), list[Picture]()
    mandates = room_with(tmp_path, text, city)

    def show(picture: Picture) -> None:
        shown.append(picture)
        if len(shown) == 3:
            write_incoming(tmp_path, city.revocation(text))

    with pytest.raises(VigieError, match="revoked") as refused:
        watch(bench_of(film, mandates), show)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    assert 3 <= len(shown) < 12
    mandates.close()


def test_a_film_that_failed_leaves_no_half_one(tmp_path: Path) -> None:
    video = tmp_path / "seen.mp4"
    grey = np.full((90, 160, 3), 90, np.uint8)
    with contextlib.suppress(KeyboardInterrupt), Film.at(video, 10.0) as film:
        film.add(grey)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with Film.at(video, 10.0) as film:
        film.add(grey)
    assert video.stat().st_size > 0
