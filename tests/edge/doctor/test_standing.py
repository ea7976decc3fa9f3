"""Each judgement of the pole itself: a value in, a verdict and a remedy out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge.doctor.checks import POLE_CHECKS
from edge.doctor.facts import (
    CameraFacts,
    ClockFacts,
    Facts,
    Heat,
    MandateFacts,
    Openings,
    Pace,
    Software,
    Storage,
    Uplink,
)
from edge.doctor.finding import Finding, Verdict
from edge.doctor.seeing import judge_pace, judge_picture
from edge.site.model import Camera, Site, SiteFile

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SITE = SiteFile(1, Site("town"), (Camera("north", "sim:street"),))
GB, TB = 10**9, 10**12
DISK = Storage(20 * GB, 32 * GB, 10 * GB, 5.0, 80 * TB, None)
LINE = Uplink("192.0.2.1:7443", 40, 120, certificate_until=NOW + 20 * DAY)
MANDATE = MandateFacts("", 3, "operation", "Ville de X", NOW + 100 * DAY, ("north",))
GOOD = Facts(
    device="north-gate",
    made=NOW,
    site=SITE,
    cameras=(CameraFacts(SITE, SITE.cameras[0], None, None, "the eye is at work"),),
    storage=DISK,
    clock=ClockFacts("collector", 20),
    uplink=LINE,
    mandate=MANDATE,
    heat=Heat(45.0, 0),
    software=Software("0.1.0", "A"),
    openings=Openings(0, None),
)


def judged(facts: Facts) -> dict[str, Finding]:
    return {each.check: each for check in POLE_CHECKS for each in check(facts)}


def test_a_good_pole_has_nothing_to_remedy() -> None:
    found = judged(GOOD)
    assert {each.verdict for each in found.values()} == {Verdict.OK}
    assert not any(each.remedy for each in found.values())
    assert found["endurance"].measured.endswith("rated 80 TB: 21.9 years")


@pytest.mark.parametrize(
    ("facts", "check", "verdict", "remedy"),
    [
        (replace(GOOD, storage=replace(DISK, free_bytes=10**8)), "storage", "fail", "Free space"),
        (replace(GOOD, storage=replace(DISK, free_bytes=2 * GB)), "storage", "warn", "Take a"),
        (replace(GOOD, storage=replace(DISK, free_bytes=None)), "storage", "fail", "Look at"),
        (replace(GOOD, storage=replace(DISK, rated_bytes=5 * TB)), "endurance", "fail", "Take a"),
        (replace(GOOD, storage=replace(DISK, rated_bytes=None)), "endurance", "skipped", ""),
        (replace(GOOD, storage=replace(DISK, worn_percent=90)), "endurance", "fail", "Replace"),
        (replace(GOOD, clock=ClockFacts("", None)), "clock", "fail", "Reach the collector"),
        (
            replace(GOOD, uplink=replace(LINE, trouble="nothing listens", hint="Check the port.")),
            "uplink", "fail", "Check the port.",
        ),
        (replace(GOOD, uplink=replace(LINE, round_trip_ms=2500)), "uplink", "warn", "Turn the"),
        (replace(GOOD, uplink=replace(LINE, certificate_until=NOW)), "certificate", "fail", "Enr"),
        (
            replace(GOOD, uplink=replace(LINE, certificate_until=NOW + DAY)),
            "certificate", "warn", "It should have renewed",
        ),
        (replace(GOOD, mandate=MandateFacts("expired")), "mandate", "fail", "The technician's"),
        (
            replace(GOOD, mandate=replace(MANDATE, cameras=("south",))),
            "mandate", "warn", "Ask the authority whether north",
        ),
        (
            replace(GOOD, mandate=replace(MANDATE, expires=NOW + DAY)),
            "mandate", "warn", "Have the next one",
        ),
        (replace(GOOD, heat=Heat(85.0, None)), "heat", "fail", "Give the box"),
        (replace(GOOD, heat=Heat(74.0, None)), "heat", "warn", "It is near"),
        (replace(GOOD, heat=Heat(50.0, 0x50005)), "heat", "fail", "Take the maker's power"),
        (replace(GOOD, heat=Heat(50.0, 0x50000)), "heat", "warn", "Take the maker's power"),
        (replace(GOOD, heat=Heat(None, None)), "heat", "skipped", ""),
        (replace(GOOD, openings=Openings(1, NOW, "broken")), "local page", "fail", "Keep the file"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_verdict_and_its_remedy(
    facts: Facts, check: str, verdict: str, remedy: str
) -> None:
    found = judged(facts)[check]
    assert found.verdict.value == verdict, found
    assert found.remedy.startswith(remedy), found
    others = {name for name, each in judged(facts).items() if each.verdict is not Verdict.OK}
    assert others == {check}


def test_a_running_eye_tells_of_a_camera_that_is_shut_and_of_one_that_is_slow() -> None:
    shut = CameraFacts(SITE, SITE.cameras[0], None, Pace(False, 3000, 0, 0))
    (picture,) = judge_picture(shut)
    assert picture.verdict is Verdict.FAIL
    slow = CameraFacts(SITE, SITE.cameras[0], None, Pace(True, 3000, 75, 18))
    (pace,) = judge_pace(slow)
    assert (pace.verdict, pace.remedy[:5]) == (Verdict.WARN, "Raise")
    assert pace.measured == "25.0 frames/s come, 6.0 are analysed, 10 are wanted"
