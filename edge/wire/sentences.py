"""Why an event fired, in a sentence a person reads: English, French or Spanish.

Everything said here comes out of the wire: the event, the rule it names in its dictionary, and
the dictionary's model. So the pole, the control room and the command line say the same.
"""

import math

from edge.errors import Kind, VigieError
from edge.wire.names import class_name, function_name
from edge.wire.phrases import LANGUAGES, Phrases
from edge.wire.trace import unpack_trace
from edge.wire.v1 import event_pb2

# A way shorter than this, in fractions of the frame, reads as standing.
_STANDING_FRAC = 0.02
_HEALTH_FROM = event_pb2.FUNCTION_CAMERA_LOST


def explain(event: event_pb2.Event, rule: event_pb2.Rule, model: str, lang: str) -> str:
    """What was seen, where, how long, against which threshold, by which rule and model.

    model: card name of the detector; empty where none took part.
    lang: `en`, `fr` or `es`.

    Raises VigieError(INVALID_ARGUMENT) for another language.
    """
    phrases = LANGUAGES.get(lang)
    if phrases is None:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"no sentences in language '{lang}'; there are {', '.join(LANGUAGES)}",
            hint="Try --lang en.",
        )
    details = ", ".join([_fact(event, rule, phrases), *_details(event, phrases)])
    parts = [f"{details}.", _thresholds(rule, phrases), _origin(rule, model, phrases)]
    return " ".join(part for part in parts if part)


def _fact(event: event_pb2.Event, rule: event_pb2.Rule, phrases: Phrases) -> str:
    function = function_name(rule.function)
    known = function if function in phrases.facts else "*"
    fact = phrases.facts[known].format(
        subject=phrases.subjects.get(
            class_name(event.object_class), class_name(event.object_class)
        ),
        place=rule.place or rule.camera,
        camera=rule.camera,
        function=function.replace("_", " "),
        measured=event.measured,
    )
    if event.HasField("duration_ms") and event.duration_ms:
        seconds = _spoken(round(event.duration_ms / 1000, 1), phrases)
        fact = f"{fact} {phrases.lasted.format(seconds=seconds)}"
    return fact


def _details(event: event_pb2.Event, phrases: Phrases) -> list[str]:
    said: list[str] = []
    if event.phase == event_pb2.PHASE_UPDATE:
        said.append(phrases.going_on)
    if event.phase == event_pb2.PHASE_END:
        said.append(phrases.ended)
    if event.HasField("score_percent"):
        said.append(phrases.score.format(score=event.score_percent))
    if event.trace:
        said.append(_way(event.trace, phrases))
    if event.reason:
        said.append(phrases.reason.format(reason=event.reason))
    if event.HasField("gap"):
        gap = event.gap
        said.append(phrases.gap.format(missing=gap.missing, first=gap.first_seq, last=gap.last_seq))
    return said


def _way(trace: bytes, phrases: Phrases) -> str:
    oldest_x, oldest_y = unpack_trace(trace, (0.0, 0.0))[-1]
    gone_x, gone_y = -oldest_x, -oldest_y
    length_frac = math.hypot(gone_x, gone_y)
    if length_frac < _STANDING_FRAC:
        return phrases.stood
    eighth = round(math.atan2(gone_x, -gone_y) / (math.pi / 4)) % len(phrases.headings)
    return phrases.travel.format(heading=phrases.headings[eighth], percent=round(length_frac * 100))


def _thresholds(rule: event_pb2.Rule, phrases: Phrases) -> str:
    limits = [
        phrases.limits[parameter.name].format(value=_limit(parameter, phrases))
        for parameter in rule.parameters
        if parameter.name in phrases.limits
    ]
    return phrases.limit_heading.format(limits=", ".join(limits)) if limits else ""


def _limit(parameter: event_pb2.Parameter, phrases: Phrases) -> str:
    """A threshold in the style of what it was compared with: scores and fractions in percent."""
    try:
        value = float(parameter.text)
    except ValueError:
        return phrases.values.get(parameter.text, parameter.text.replace("_", " "))
    if not math.isfinite(value):
        return parameter.text
    if parameter.name.endswith("_score"):
        # Whole, as scores travel: so what passed never reads as less than what it had to reach.
        return f"{round(value * 100)} %"
    if parameter.name.endswith("_frac"):
        return f"{_spoken(round(value * 100, 1), phrases)} %"
    return _spoken(value, phrases)


def _spoken(number: float, phrases: Phrases) -> str:
    """A number without needless zeros, with the language's decimal mark."""
    written = str(int(number)) if number.is_integer() else str(number)
    return written.replace(".", phrases.decimal_mark)


def _origin(rule: event_pb2.Rule, model: str, phrases: Phrases) -> str:
    function = function_name(rule.function).replace("_", " ")
    said = [
        phrases.rule.format(
            rule=rule.name, function=function, version=rule.version.hex()[:8] or "?"
        )
    ]
    if rule.camera:
        said.append(phrases.camera.format(camera=rule.camera))
    if model and rule.function < _HEALTH_FROM:
        said.append(phrases.model.format(model=model))
    return ", ".join(said) + "."
