"""Judgements about one camera: pictures, focus, exposure, pace, and whether it is aimed right."""

from math import floor
from statistics import median

from edge.doctor.facts import CameraFacts
from edge.doctor.finding import Finding, Verdict
from edge.doctor.heights import PERSON_METRES, Ground, fit_ground, stands_of
from edge.wire.look import Look

SHARP, SOFT = 150, 30
"""The scale of `edge/eye/sharpness.py`: from SHARP on in focus, below SOFT out of it."""
LEAST_CONTRAST_LUMA = 6
DARK_WARN_PERMILLE, DARK_FAIL_PERMILLE = 350, 700
BRIGHT_WARN_PERMILLE, BRIGHT_FAIL_PERMILLE = 100, 350
PACE_OK, PACE_WARN = 0.9, 0.5
"""Of the frames that the site file's analysis_fps asks for."""
TALL_OK, TALL_WARN = 1.25, 1.6
"""How far a walker may be taller or smaller than the site file's person: people differ by 1.2."""
LEAST_PERSON_PX = 24
"""Of the analysis frame; the default detector finds few people below it."""


def judge_picture(facts: CameraFacts) -> list[Finding]:
    """Whether the camera opens and gives pictures."""
    look, pace = facts.look, facts.pace
    if look is not None and look.failure:
        remedy = look.hint or "Check the cable, the power and the source in the site file."
        return [_found("picture", facts, Verdict.FAIL, look.failure, remedy)]
    if look is not None:
        size = f"{look.width_px} x {look.height_px} px"
        said = f"{size}, {look.codec or 'uncompressed'}"
        return [_found("picture", facts, Verdict.OK, said)]
    if pace is None:
        return [_found("picture", facts, Verdict.SKIPPED, facts.unlooked)]
    if not pace.is_open:
        remedy = "The eye's log says why: journalctl -u vigie-eye"
        return [_found("picture", facts, Verdict.FAIL, "the eye gets no picture", remedy)]
    return [_found("picture", facts, Verdict.OK, "the eye gets pictures")]


def judge_focus(facts: CameraFacts) -> list[Finding]:
    """Whether it is sharp."""
    look = facts.look
    if look is None or look.failure:
        return [_unseen("focus", facts)]
    sight = look.sight
    if sight.contrast_luma < LEAST_CONTRAST_LUMA:
        said = f"nothing to focus on: contrast {sight.contrast_luma} of 128"
        remedy = "Uncover the lens, or come back with light; then run vigie doctor again."
        return [_found("focus", facts, Verdict.FAIL, said, remedy)]
    said = f"{sight.focus} (sharp from {SHARP})"
    if sight.focus >= SHARP:
        return [_found("focus", facts, Verdict.OK, said)]
    verdict = Verdict.WARN if sight.focus >= SOFT else Verdict.FAIL
    remedy = "Turn the focus ring until the figure is highest; wipe the lens and the dome."
    return [_found("focus", facts, verdict, said, remedy)]


def judge_exposure(facts: CameraFacts) -> list[Finding]:
    """Whether it is neither too dark nor too bright."""
    look = facts.look
    if look is None or look.failure:
        return [_unseen("exposure", facts)]
    dark, bright = look.sight.dark_permille, look.sight.bright_permille
    said = f"{dark / 10:.1f} % black, {bright / 10:.1f} % white"
    if dark >= DARK_WARN_PERMILLE:
        verdict = Verdict.FAIL if dark >= DARK_FAIL_PERMILLE else Verdict.WARN
        remedy = "Light the place, open the iris or lengthen the exposure; accept it by its light."
        return [_found("exposure", facts, verdict, said, remedy)]
    if bright >= BRIGHT_WARN_PERMILLE:
        verdict = Verdict.FAIL if bright >= BRIGHT_FAIL_PERMILLE else Verdict.WARN
        remedy = "Turn the camera from the sun or the lamp, or shorten the exposure."
        return [_found("exposure", facts, verdict, said, remedy)]
    return [_found("exposure", facts, Verdict.OK, said)]


def judge_pace(facts: CameraFacts) -> list[Finding]:
    """Whether frames come as fast as the site file wants them."""
    wanted = facts.camera.analysis_fps
    if facts.look is not None and facts.look.period_ms:
        got = facts.look.frames * 1000 / facts.look.period_ms
        said = f"{got:.1f} frames/s come, {wanted:g} are wanted"
        remedy = "Set the camera to more frames a second, or lower analysis_fps in the site file."
    elif facts.pace is not None and facts.pace.period_ms:
        got = facts.pace.frames_analysed * 1000 / facts.pace.period_ms
        comes = facts.pace.frames_captured * 1000 / facts.pace.period_ms
        said = f"{comes:.1f} frames/s come, {got:.1f} are analysed, {wanted:g} are wanted"
        remedy = "Raise budget_ms_per_second, or lower analysis_fps in the site file."
    else:
        return [_unseen("pace", facts)]
    if got >= PACE_OK * wanted:
        return [_found("pace", facts, Verdict.OK, said)]
    verdict = Verdict.WARN if got >= PACE_WARN * wanted else Verdict.FAIL
    return [_found("pace", facts, verdict, said, remedy)]


def judge_detector(facts: CameraFacts) -> list[Finding]:
    """Whether the detector keeps up within this camera's share of the budget."""
    look = facts.look
    if look is None or not look.detector_p50_us:
        return [_unseen("detector", facts)]
    p50_ms, p95_ms = look.detector_p50_us / 1000, look.detector_p95_us / 1000
    said = f"{look.model}: {p50_ms:.1f} ms a look, 95 of 100 within {p95_ms:.1f} ms; "
    has_room, room, remedy = (
        _whole_room(facts, p50_ms)
        if facts.site.detection.looks == "whole"
        else _regions_room(facts, p50_ms, look.sweep_looks)
    )
    if has_room:
        return [_found("detector", facts, Verdict.OK, said + room)]
    return [_found("detector", facts, Verdict.WARN, said + room, remedy)]


def _share_ms(facts: CameraFacts) -> float:
    """Detector time in each second that is this camera's, whatever the others do."""
    share_ms = facts.site.detection.budget_ms_per_second / len(facts.site.cameras)
    bound_ms = facts.camera.budget_ms_per_second
    return share_ms if bound_ms is None else min(share_ms, bound_ms)


def _whole_room(facts: CameraFacts, look_ms: float) -> tuple[bool, str, str]:
    """Where each frame is one look, while something moves: has room, what there is, what to do."""
    share_ms, fps = _share_ms(facts), facts.camera.analysis_fps
    said = f"while something moves {fps:g} looks a second take {look_ms * fps:.0f} ms "
    said += f"of {share_ms:.0f}"
    remedy = "Lower analysis_fps or raise budget_ms_per_second: looks beyond it are left out."
    return look_ms * fps <= share_ms, said, remedy


def _regions_room(facts: CameraFacts, look_ms: float, sweep_looks: int) -> tuple[bool, str, str]:
    """Where looks go to what matters: what the rounds leave must be a look at every frame."""
    asked, share_ms, fps = facts.site.detection, _share_ms(facts), facts.camera.analysis_fps
    rounds = 1 / asked.whole_seconds + sweep_looks / asked.sweep_seconds
    left = (share_ms / look_ms - rounds) / fps
    said = f"of {share_ms:.0f} ms a second {look_ms * rounds:.0f} are for the whole frame every "
    said += f"{asked.whole_seconds:g} s and all zones and lines every {asked.sweep_seconds:g} s; "
    said += f"the rest is {max(0.0, floor(10 * left) / 10):.1f} looks at each of {fps:g} frames"
    remedy = "Lower analysis_fps or raise budget_ms_per_second: some of what moves goes unseen "
    remedy += "with less than one look at a frame."
    if left <= 0:
        remedy = "Raise whole_seconds, sweep_seconds or budget_ms_per_second: the rounds alone "
        remedy += "take all of it, and every look comes late."
    return left >= 1, said, remedy


def judge_heights(facts: CameraFacts) -> list[Finding]:
    """Whether a person looks as tall as the site file says."""
    ground = fit_ground(facts.camera.person_heights)
    if ground is None:
        said = "the site file has not two [[camera.person_height]], one near and one far"
        return [_found("person", facts, Verdict.SKIPPED, said)]
    return [*_judge_zones(facts, ground), _judge_walkers(facts, ground)]


def _judge_zones(facts: CameraFacts, ground: Ground) -> list[Finding]:
    found = []
    for zone in facts.site.zones:
        if zone.camera != facts.camera.name:
            continue
        stands = stands_of(zone, ground)
        tall = [stand.height_frac * _analysis_height_px(facts) for stand in stands]
        told = ", ".join(
            f"{stand.word} {px:.0f} px" for stand, px in zip(stands, tall, strict=True)
        )
        said = f"zone {zone.name}: {PERSON_METRES} m is {told}"
        least = min(tall)
        if least >= LEAST_PERSON_PX:
            found.append(_found("person", facts, Verdict.OK, said))
            continue
        remedy = f"Nobody is found below {LEAST_PERSON_PX} px: aim nearer, zoom in, cut the zone."
        if least == 0:
            remedy = "The zone reaches above the horizon, where nobody stands: cut it there."
        found.append(_found("person", facts, Verdict.WARN, said, remedy))
    return found


def _judge_walkers(facts: CameraFacts, ground: Ground) -> Finding:
    look = facts.look
    if look is None or look.failure:
        return _unseen("aim", facts)
    if look.unseen:
        said = f"nobody is looked for: {look.unseen}"
        return _found("aim", facts, Verdict.SKIPPED, said)
    if not look.walkers:
        said = "nobody walked through the picture: walk where the zones are, and run it again"
        return _found("aim", facts, Verdict.SKIPPED, said)
    ratios = []
    for walker in look.walkers:
        expected = ground.height_frac(walker.foot_y_permille / 1000)
        # Feet above the horizon: as wrong as can be, and finite.
        ratios.append(walker.height_permille / 1000 / expected if expected > 0 else 100.0)
    ratio = median(ratios)
    times = "100 or more" if ratio >= 100 else f"{ratio:.2f}"
    said = f"people, found {len(ratios)} times, are {times} times as tall as the site file says"
    off = max(ratio, 1 / ratio)
    if off <= TALL_OK:
        return _found("aim", facts, Verdict.OK, said)
    remedy = (
        "Aim the camera as it was when the site file's person heights were measured, or measure "
        "them anew; zones and lines lie elsewhere now."
    )
    return _found("aim", facts, Verdict.WARN if off <= TALL_WARN else Verdict.FAIL, said, remedy)


def _analysis_height_px(facts: CameraFacts) -> float:
    look = facts.look
    if look is None or not look.width_px:
        return facts.camera.analysis_width_px * 9 / 16
    return min(facts.camera.analysis_width_px, look.width_px) * look.height_px / look.width_px


def _unseen(check: str, facts: CameraFacts) -> Finding:
    look: Look | None = facts.look
    why = "no picture came" if look is not None and look.failure else facts.unlooked
    return _found(check, facts, Verdict.SKIPPED, why)


def _found(
    check: str, facts: CameraFacts, verdict: Verdict, measured: str, remedy: str = ""
) -> Finding:
    return Finding(check, verdict, measured, remedy, facts.camera.name)
