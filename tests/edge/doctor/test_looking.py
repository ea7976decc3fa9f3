"""Real films of a drawn street through lenses set right and wrong: verdict and remedy of each."""

from pathlib import Path

import pytest

from edge.doctor.checks import CAMERA_CHECKS
from edge.doctor.facts import CameraFacts
from edge.doctor.finding import Finding, Verdict
from edge.doctor.looking import PoleFiles, look_at
from edge.eye.detector import Library
from edge.site.check import read_site
from tests.fakes.lens import (
    SITE,
    Lens,
    blurred,
    dark,
    make_pole,
    overexposed,
    sharp,
    turned,
    under_mandate,
)

SECONDS = 1.5
# Long enough to measure people on a machine that has much else to do.
PEOPLE_SECONDS = 4.0
# What these find depends on what else the machine does; test_seeing.py has them with made figures.
OF_THE_MACHINE = {"pace", "detector"}


def look(
    files: PoleFiles, *, has_still: bool = False, seconds: float = SECONDS
) -> tuple[CameraFacts, dict[str, Finding]]:
    """What the eye's second program saw, and the finding of each check; the worst of several."""
    site = read_site(files.site_file)
    seen = look_at(files, site.cameras[0], has_still=has_still, seconds=seconds)
    facts = CameraFacts(site, site.cameras[0], seen, None)
    return facts, {each.check: each for check in CAMERA_CHECKS for each in check(facts)}


@pytest.mark.parametrize(
    ("lens", "check", "remedy"),
    [
        (blurred, "focus", "Turn the focus ring"),
        (dark, "exposure", "Light the place"),
        (overexposed, "exposure", "Turn the camera from the sun"),
    ],
)
def test_a_lens_that_is_set_wrong_fails_with_its_remedy(
    lens: Lens, check: str, remedy: str, tmp_path: Path, built_models: Library
) -> None:
    _, found = look(make_pole(tmp_path, built_models.models_dir, lens))
    assert found[check].verdict is Verdict.FAIL, found[check]
    assert found[check].remedy.startswith(remedy)
    assert found["picture"].measured == "960 x 540 px, h264"


def test_a_good_camera_passes_and_a_person_is_as_tall_as_the_site_file_says(
    tmp_path: Path, built_models: Library
) -> None:
    files = make_pole(tmp_path, built_models.models_dir, sharp)
    with under_mandate(files):
        facts, found = look(files, has_still=True, seconds=PEOPLE_SECONDS)
    wrong = {name for name, each in found.items() if each.verdict is not Verdict.OK}
    assert wrong <= OF_THE_MACHINE, found
    assert "zone pavement: 1.75 m is near " in found["person"].measured
    assert facts.look is not None
    assert facts.look.still_jpeg.startswith(b"\xff\xd8"), "the mandate lets the ring be written"
    assert facts.look.clock_source == "collector"
    assert facts.look.sweep_looks > 0, "the pavement is looked at piece by piece"
    assert "all zones and lines every 30 s" in found["detector"].measured


def test_a_camera_that_was_turned_sees_people_of_another_height(
    tmp_path: Path, built_models: Library
) -> None:
    files = make_pole(tmp_path, built_models.models_dir, turned)
    with under_mandate(files):
        _, found = look(files, seconds=PEOPLE_SECONDS)
    assert found["aim"].verdict is Verdict.FAIL, found["aim"]
    assert found["aim"].remedy.startswith("Aim the camera as it was")


def test_without_a_mandate_nobody_is_looked_for_and_no_still_is_made(
    tmp_path: Path, built_models: Library
) -> None:
    facts, found = look(make_pole(tmp_path, built_models.models_dir), has_still=True)
    assert found["aim"].verdict is Verdict.SKIPPED
    assert found["aim"].measured == "nobody is looked for: no_trust"
    assert facts.look is not None
    assert facts.look.still_jpeg == b""
    assert facts.look.sight.focus > 0, "sharpness is no inference"


def test_a_camera_that_cannot_be_opened_says_why(tmp_path: Path, built_models: Library) -> None:
    files = make_pole(tmp_path, built_models.models_dir)
    (tmp_path / "street.mp4").unlink()
    _, found = look(files)
    assert found["picture"].verdict is Verdict.FAIL
    assert "street.mp4" in found["picture"].measured
    assert found["picture"].remedy
    assert found["focus"].verdict is Verdict.SKIPPED


def test_a_masked_camera_is_judged_by_what_is_left(tmp_path: Path, built_models: Library) -> None:
    """A mask covers three quarters: neither black nor soft on its account."""
    masked = SITE.replace(
        'source = "file:street.mp4"',
        'source = "file:street.mp4"\n[[camera.mask]]\nname = "house"\n'
        "polygon_frac = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.75], [0.0, 0.75]]",
    )
    _, found = look(make_pole(tmp_path, built_models.models_dir, site=masked))
    assert found["exposure"].verdict is Verdict.OK, found["exposure"]
    assert found["focus"].verdict is Verdict.OK, found["focus"]
