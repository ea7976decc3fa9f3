"""Sentences: each language says the fact, the threshold, the rule's version and the model."""

import pytest

from edge.errors import VigieError
from edge.wire.phrases import LANGUAGES
from edge.wire.sentences import explain
from edge.wire.trace import pack_trace
from edge.wire.v1 import event_pb2

RULE = event_pb2.Rule(
    name="door-loiter",
    function=event_pb2.FUNCTION_LOITERING,
    camera="north",
    place="door",
    parameters=[
        event_pb2.Parameter(name="min_seconds", text="20"),
        event_pb2.Parameter(name="min_score", text="0.4"),
    ],
    version=bytes.fromhex("1a2b3c4d00000000"),
)
EVENT = event_pb2.Event(
    phase=event_pb2.PHASE_START,
    object_class=event_pb2.OBJECT_CLASS_PERSON,
    score_percent=82,
    duration_ms=20100,
    trace=pack_trace([(0.5, 0.5), (0.3, 0.5)]),
)


def test_english_says_what_where_how_long_and_why() -> None:
    assert explain(EVENT, RULE, "ssd-coco15", "en") == (
        "A person stays in zone 'door' for 20.1 s, confidence 82 %, it came to the right, over "
        "20 % of the frame. Threshold: at least 20 s, confidence of at least 40 %. Rule "
        "'door-loiter' (loitering), version 1a2b3c4d, camera 'north', model ssd-coco15."
    )


def test_french_says_the_same() -> None:
    assert explain(EVENT, RULE, "ssd-coco15", "fr") == (
        "Une personne reste dans la zone « door » pendant 20,1 s, confiance 82 %, trajet vers la "
        "droite, sur 20 % de l'image. Seuil : au moins 20 s, confiance d'au moins 40 %. Règle "
        "« door-loiter » (loitering), version 1a2b3c4d, caméra « north », modèle ssd-coco15."
    )


def test_spanish_says_the_same() -> None:
    assert explain(EVENT, RULE, "ssd-coco15", "es") == (
        "Una persona permanece en la zona «door» durante 20,1 s, confianza 82 %, recorrido hacia "
        "la derecha, por el 20 % de la imagen. Umbral: al menos 20 s, confianza de al menos 40 %. "
        "Regla «door-loiter» (loitering), versión 1a2b3c4d, cámara «north», modelo ssd-coco15."
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("min_score", "0.4", "confiance d'au moins 40 %"),
        ("min_score", "0.405", "confiance d'au moins 40 %"),
        ("min_travel_frac", "0.05", "un trajet d'au moins 5 % de l'image"),
        ("max_radius_frac", "0.125", "dans un rayon de 12,5 % de l'image"),
        ("min_seconds", "1.5", "au moins 1,5 s"),
        ("min_seconds", "20.0", "au moins 20 s"),
        ("max_things", "3", "plus de 3"),
        ("max_things", "inf", "plus de inf"),
        ("direction", "left_to_right", "sens : de gauche à droite"),
        ("when", "entry", "critère : entrée"),
    ],
)
def test_a_threshold_is_written_as_what_was_compared_with_it(
    name: str, text: str, said: str
) -> None:
    parameters = [event_pb2.Parameter(name=name, text=text)]
    rule = event_pb2.Rule(name="r", function=event_pb2.FUNCTION_INTRUSION, parameters=parameters)
    assert f"Seuil : {said}." in explain(EVENT, rule, "", "fr")


def test_every_language_has_the_same_words() -> None:
    english = LANGUAGES["en"]
    for phrases in LANGUAGES.values():
        assert phrases.subjects.keys() == english.subjects.keys()
        assert phrases.facts.keys() == english.facts.keys()
        assert phrases.limits.keys() == english.limits.keys()
        assert phrases.values.keys() == english.values.keys()
        assert len(phrases.headings) == 8


@pytest.mark.parametrize("lang", list(LANGUAGES))
@pytest.mark.parametrize("number", [*event_pb2.Function.values(), 999])
def test_every_function_known_or_not_has_a_sentence(lang: str, number: int) -> None:
    rule = event_pb2.Rule(name="r", camera="north", place="p")
    rule.function = number  # type: ignore[assignment]
    assert explain(EVENT, rule, "", lang).endswith(".")


def test_a_gap_names_its_seqs() -> None:
    rule = event_pb2.Rule(name="health/spool_gap", function=event_pb2.FUNCTION_SPOOL_GAP)
    event = event_pb2.Event(
        phase=event_pb2.PHASE_START, gap=event_pb2.Gap(first_seq=5, last_seq=9, missing=3)
    )
    assert explain(event, rule, "ssd-coco15", "en") == (
        "Events are missing, 3 of events 5 to 9. Rule 'health/spool_gap' (spool gap), version ?."
    )


def test_another_language_is_refused_with_the_list() -> None:
    with pytest.raises(VigieError, match="no sentences in language 'de'; there are en, fr, es"):
        explain(EVENT, RULE, "", "de")
