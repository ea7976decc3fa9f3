"""Each judgement of a camera: a look in, a verdict and a remedy out."""

from dataclasses import replace

import pytest

from edge.doctor.checks import CAMERA_CHECKS
from edge.doctor.facts import CameraFacts
from edge.doctor.finding import Finding, Verdict
from edge.site.model import Camera, Detection, PersonHeight, Site, SiteFile, Zone
from edge.wire.look import Look, Sight, Walker

# The horizon is at 0.3667; a person is 0.3 tall with feet at 0.7667.
PEOPLE = (PersonHeight((0.6, 0.9), 0.4), PersonHeight((0.4, 0.5), 0.1))
CAMERA = Camera("north", "sim:street", person_heights=PEOPLE)
YARD = Zone("yard", "north", ((0.2, 0.6), (0.8, 0.6), (0.8, 0.9), (0.2, 0.9)))
SITE = SiteFile(1, Site("town"), (CAMERA,), zones=(YARD,))
GOOD = Look(
    "north",
    width_px=960,
    height_px=540,
    codec="h264",
    frames=48,
    period_ms=4000,
    sight=Sight(focus=400, contrast_luma=40, dark_permille=10, bright_permille=5),
    model="ssd-coco15",
    detector_p50_us=12_000,
    detector_p95_us=20_000,
    sweep_looks=6,
    walkers=(Walker(500, 767, 300), Walker(400, 767, 310)),
)


def judged(look: Look, site: SiteFile = SITE) -> dict[str, Finding]:
    facts = CameraFacts(site, site.cameras[0], look, None)
    return {each.check: each for check in CAMERA_CHECKS for each in check(facts)}


def test_a_good_camera_has_nothing_to_remedy() -> None:
    found = judged(GOOD)
    assert {each.verdict for each in found.values()} == {Verdict.OK}, found
    assert not any(each.remedy for each in found.values())


def sight(**changed: int) -> Look:
    return replace(GOOD, sight=replace(GOOD.sight, **changed))


@pytest.mark.parametrize(
    ("look", "check", "verdict", "remedy"),
    [
        (sight(focus=149), "focus", "warn", "Turn the focus ring"),
        (sight(focus=29), "focus", "fail", "Turn the focus ring"),
        (sight(contrast_luma=5), "focus", "fail", "Uncover the lens"),
        (sight(dark_permille=350), "exposure", "warn", "Light the place"),
        (sight(dark_permille=700), "exposure", "fail", "Light the place"),
        (sight(bright_permille=100), "exposure", "warn", "Turn the camera from"),
        (sight(bright_permille=350), "exposure", "fail", "Turn the camera from"),
        (replace(GOOD, frames=32), "pace", "warn", "Set the camera to more"),
        (replace(GOOD, frames=8), "pace", "fail", "Set the camera to more"),
        (replace(GOOD, detector_p50_us=400_000), "detector", "warn", "Lower analysis_fps"),
        (replace(GOOD, walkers=(Walker(500, 767, 420),)), "aim", "warn", "Aim the camera"),
        (replace(GOOD, walkers=(Walker(500, 767, 150),)), "aim", "fail", "Aim the camera"),
        (replace(GOOD, walkers=(Walker(500, 300, 150),)), "aim", "fail", "Aim the camera"),
        (replace(GOOD, walkers=()), "aim", "skipped", ""),
        (replace(GOOD, unseen="expired"), "aim", "skipped", ""),
    ],
)
def test_what_is_wrong_has_its_verdict_and_its_remedy(
    look: Look, check: str, verdict: str, remedy: str
) -> None:
    found = judged(look)
    assert found[check].verdict.value == verdict, found[check]
    assert found[check].remedy.startswith(remedy), found[check]
    assert {name for name, each in found.items() if each.verdict is not Verdict.OK} == {check}


@pytest.mark.parametrize(
    ("far_row", "remedy"),
    [(0.3, "The zone reaches above the horizon"), (0.39, "Nobody is found below 24 px")],
)
def test_a_zone_where_nobody_is_tall_enough_is_told(far_row: float, remedy: str) -> None:
    far = Zone("yard", "north", ((0.2, far_row), (0.8, far_row), (0.8, 0.9), (0.2, 0.9)))
    found = judged(GOOD, replace(SITE, zones=(far,)))["person"]
    assert (found.verdict, found.remedy[: len(remedy)]) == (Verdict.WARN, remedy)


def test_a_site_file_without_measured_people_is_told_what_it_lacks() -> None:
    found = judged(GOOD, replace(SITE, cameras=(replace(CAMERA, person_heights=()),)))["person"]
    assert found.verdict is Verdict.SKIPPED
    assert "[[camera.person_height]]" in found.measured


# Of 600 ms a second: half a look for the whole frame, 6 looks in 30 s for the zones, 10 frames.
@pytest.mark.parametrize(
    ("p50_us", "verdict", "said", "remedy"),
    [
        (12_000, "ok", "of 600 ms a second 8 are for the whole frame every 2 s", ""),
        (56_000, "ok", "the rest is 1.0 looks at each of 10 frames", ""),
        (60_000, "warn", "the rest is 0.9 looks at each of 10 frames", "Lower analysis_fps"),
        (900_000, "warn", "the rest is 0.0 looks at each of 10 frames", "Raise whole_seconds"),
    ],
)
def test_a_detector_that_looks_at_regions_must_have_a_look_left_for_every_frame(
    p50_us: int, verdict: str, said: str, remedy: str
) -> None:
    found = judged(replace(GOOD, detector_p50_us=p50_us))["detector"]
    assert found.verdict.value == verdict, found
    assert said in found.measured
    assert found.remedy.startswith(remedy)


def test_many_zones_are_rounds_that_cost_looks() -> None:
    found = judged(replace(GOOD, detector_p50_us=50_000, sweep_looks=90))["detector"]
    assert found.verdict is Verdict.WARN
    assert "of 600 ms a second 175 are for" in found.measured


def test_a_detector_that_looks_at_whole_frames_must_have_time_for_each_of_them() -> None:
    whole = replace(SITE, detection=Detection(looks="whole"))
    enough = judged(replace(GOOD, detector_p50_us=60_000, sweep_looks=0), whole)["detector"]
    assert enough.verdict is Verdict.OK
    assert "10 looks a second take 600 ms of 600" in enough.measured
    short = judged(replace(GOOD, detector_p50_us=61_000, sweep_looks=0), whole)["detector"]
    assert short.verdict is Verdict.WARN
    assert short.remedy.startswith("Lower analysis_fps or raise budget_ms_per_second")


def test_a_cameras_own_bound_and_the_other_cameras_are_taken_from_the_budget() -> None:
    bound = replace(CAMERA, budget_ms_per_second=100.0)
    for cameras, share_ms in (((bound,), 100), ((CAMERA, replace(CAMERA, name="south")), 300)):
        found = judged(GOOD, replace(SITE, cameras=cameras))["detector"]
        assert f"of {share_ms} ms a second" in found.measured
