"""One examination, step by step: look at each camera, measure the pole, judge."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.doctor.checks import judge
from edge.doctor.facts import CameraFacts, ClockFacts, Facts
from edge.doctor.finding import Finding
from edge.doctor.looking import PoleFiles, look_at, read_status, watch_pace
from edge.doctor.measuring import (
    measure_heat,
    measure_mandate,
    measure_openings,
    measure_software,
    measure_storage,
    measure_uplink,
)
from edge.doctor.openings import ensure_doctor_folder
from edge.doctor.resting import eye_at_rest
from edge.mandate.device_name import read_device
from edge.site.check import read_site
from edge.site.model import SiteFile
from edge.whole_file import write_private
from edge.wire.look import Look

AT_WORK = "the eye is at work and lets nobody look: add --pause-eye"
_SYS = Path("/sys")


@dataclass(frozen=True, slots=True)
class Asked:
    """files: the pole's. may_pause: stop the eye meanwhile. still: of which camera; or empty.

    is_at_rest: somebody has stopped the eye already, and starts it again.
    """

    files: PoleFiles
    may_pause: bool
    still: str
    rated_bytes: int | None
    is_at_rest: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What was measured and judged. still: where one picture was written; None: nowhere."""

    facts: Facts
    findings: tuple[Finding, ...]
    still: Path | None
    still_refusal: str = ""


def examine(asked: Asked, tell: Callable[[str], None]) -> Examined:
    """The whole examination, about ten seconds a camera. tell: says what goes on.

    Raises VigieError where the site file cannot be taken or the eye cannot be stopped.
    """
    files = asked.files
    site = read_site(files.site_file)
    resting = eye_at_rest(files.data) if asked.may_pause else nullcontext()
    with resting:
        # What an eye that rests said last is still on the disk, and is no word of today.
        is_at_rest = asked.may_pause or asked.is_at_rest
        status = None if is_at_rest else read_status(files.data)
        if status is None:
            cameras = _look(asked, site, tell)
        else:
            tell("the eye is at work: asking it")
            paces = watch_pace(files.data)
            cameras = tuple(
                CameraFacts(site, each, None, paces.get(each.name), AT_WORK)
                for each in site.cameras
            )
    tell("asking the collector")
    now = datetime.now(UTC)
    looks = [each.look for each in cameras if each.look is not None]
    facts = Facts(
        device=read_device(files.data),
        made=now,
        site=site,
        cameras=cameras,
        storage=measure_storage(files.data, asked.rated_bytes, _SYS),
        clock=_clock(status, looks),
        uplink=measure_uplink(files.data),
        mandate=measure_mandate(files.data, _reason(status, looks), now),
        heat=measure_heat(_SYS),
        software=measure_software(),
        openings=measure_openings(files.data),
    )
    still, refusal = _keep_still(asked, looks)
    return Examined(facts, judge(facts), still, refusal)


def _look(asked: Asked, site: SiteFile, tell: Callable[[str], None]) -> tuple[CameraFacts, ...]:
    found = []
    for camera in site.cameras:
        tell(f"looking at {camera.name}")
        look = look_at(asked.files, camera, has_still=camera.name == asked.still)
        found.append(CameraFacts(site, camera, look, None))
    return tuple(found)


def _clock(status: object, looks: list[Look]) -> ClockFacts:
    if isinstance(status, dict):
        error_ms = status.get("clock_error_ms")
        source = str(status.get("clock_source", ""))
        return ClockFacts(source, error_ms if isinstance(error_ms, int) else None)
    for look in looks:
        if look.clock_source:
            return ClockFacts(look.clock_source, look.clock_error_ms)
    return ClockFacts("", None)


def _reason(status: object, looks: list[Look]) -> str:
    if isinstance(status, dict):
        return str(status.get("mandate_reason", ""))
    return next((look.unseen for look in looks if look.unseen), "")


def _keep_still(asked: Asked, looks: list[Look]) -> tuple[Path | None, str]:
    if not asked.still:
        return None, ""
    look = next((each for each in looks if each.camera == asked.still), None)
    if look is None:
        return None, AT_WORK
    if not look.still_jpeg:
        return None, look.failure or look.unseen or "the mandate lets nothing be recorded"
    path = ensure_doctor_folder(asked.files.data) / f"still-{asked.still}.jpg"
    write_private(path, look.still_jpeg)
    return path, ""
