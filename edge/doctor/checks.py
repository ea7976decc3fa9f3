"""The table of checks, in the order of the report. One small pure judgement each."""

from collections.abc import Callable, Sequence

from edge.doctor.facts import CameraFacts, Facts
from edge.doctor.finding import Finding
from edge.doctor.seeing import (
    judge_detector,
    judge_exposure,
    judge_focus,
    judge_heights,
    judge_pace,
    judge_picture,
)
from edge.doctor.standing import (
    judge_certificate,
    judge_clock,
    judge_endurance,
    judge_heat,
    judge_mandate,
    judge_openings,
    judge_software,
    judge_storage,
    judge_uplink,
)

CAMERA_CHECKS: tuple[Callable[[CameraFacts], Sequence[Finding]], ...] = (
    judge_picture,
    judge_focus,
    judge_exposure,
    judge_pace,
    judge_detector,
    judge_heights,
)
POLE_CHECKS: tuple[Callable[[Facts], Sequence[Finding]], ...] = (
    judge_mandate,
    judge_clock,
    judge_uplink,
    judge_certificate,
    judge_storage,
    judge_endurance,
    judge_heat,
    judge_software,
    judge_openings,
)


def judge(facts: Facts) -> tuple[Finding, ...]:
    """Everything that is to be said of a pole: camera by camera, then the pole."""
    cameras = [
        finding for camera in facts.cameras for check in CAMERA_CHECKS for finding in check(camera)
    ]
    return (*cameras, *(finding for check in POLE_CHECKS for finding in check(facts)))
