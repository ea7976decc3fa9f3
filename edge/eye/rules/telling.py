"""From what an incident tells to an event: box, track, score, way."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from edge.eye.rules.incident import Told
from edge.eye.rules.scene import Scene, Sighting
from edge.site.rules import Rule
from edge.wire.event import Event, ObjectClass, Phase
from edge.wire.names import CLASS_NUMBERS
from edge.wire.trace import pack_trace


def looked_for(rule: Rule) -> list[int]:
    """Numbers of the classes a rule looks for."""
    return [CLASS_NUMBERS[word] for word in rule.classes]


def marks_of(classes: Collection[int]) -> npt.NDArray[np.bool_]:
    """Bool (256,): true at these classes, to be asked with a whole array of them at once."""
    marks = np.zeros(256, np.bool_)
    marks[list(classes)] = True
    return marks


def event_of_stay(rule: Rule, told: Told, scene: Scene) -> Event:
    """The event of one track's incident."""
    sighting = told.stay.sighting
    assert sighting is not None
    stay = told.stay
    return event_of_sighting(
        rule,
        sighting,
        scene,
        told.phase,
        stay.incident,
        deciding_score=stay.deciding_score,
        duration_ms=told.duration_ms,
    )


def event_of_sighting(
    rule: Rule,
    sighting: Sighting,
    scene: Scene,
    phase: Phase.ValueType,
    incident: int,
    *,
    deciding_score: float,
    duration_ms: int | None = None,
) -> Event:
    """An event about one track, with the way that led it there.

    deciding_score: the confidence that was held against the rule's min_score, 0 to 1.
    """
    tracks, row = sighting.tracks, sighting.row
    return Event(
        captured_utc_ms=scene.captured_utc_ms,
        rule=rule.name,
        phase=phase,
        incident=incident,
        object_class=ObjectClass.ValueType(int(tracks.classes[row])),
        box=tracks.box(row),
        track=sighting.number,
        score_percent=round(deciding_score * 100),
        duration_ms=duration_ms,
        trace=pack_trace(tracks.way(row)),
    )
