"""Profiles say what the texts say; figures here are typed from the texts, not from the files."""

from datetime import UTC, datetime

import pytest

from edge.mandate.languages import LANGUAGES
from edge.mandate.problem import MandateError
from edge.mandate.profile import IDENTITY, nameable_functions, profile_names, read_profile
from edge.mandate.statement import parse_mandate
from edge.wire.names import FUNCTION_NUMBERS
from tests.fakes.mandates import CAMERA, statement

HASH = "0" * 64
# Décret n° 2023-828, article 3: 1° to 8°.
EIGHT_EVENTS = {
    "abandoned_object",
    "weapon",
    "wrong_way",
    "intrusion",
    "person_down",
    "crowd_movement",
    "density",
    "fire_start",
}
FRENCH_SUMMER = {
    "profile": "fr-2023-380",
    "not_before_utc": "2024-07-01T00:00:00Z",
    "expires_utc": "2024-09-01T00:00:00Z",
    "cameras": [{"camera": CAMERA, "zones": [{"zone": "*", "functions": ["intrusion"]}]}],
    "models": [HASH],
    "rules_sha256": {"*": HASH},
}
LIMA = FRENCH_SUMMER | {"profile": "pe-municipal", "ring_days": 30}


def wrong(text: bytes) -> str:
    with pytest.raises(MandateError) as refusal:
        parse_mandate(text)
    return str(refusal.value)


def test_there_are_three_profiles() -> None:
    assert profile_names() == ("bench", "fr-2023-380", "pe-municipal")


def test_the_french_profile_has_the_eight_events_of_the_decree_and_a_person_in_control() -> None:
    profile = read_profile("fr-2023-380")
    assert profile.functions == EIGHT_EVENTS
    assert {FUNCTION_NUMBERS[name] for name in profile.functions} == set(range(1, 9))
    assert profile.has_operator_review
    assert (profile.min_ring_days, profile.max_ring_days) == (0, 30)
    assert profile.legal_basis_ends == datetime(2025, 3, 31, 22, tzinfo=UTC)
    assert profile.needs_hashes
    assert not profile.watermark


def test_the_peruvian_profile_keeps_video_for_thirty_to_sixty_days_under_custody() -> None:
    profile = read_profile("pe-municipal")
    assert (profile.min_ring_days, profile.max_ring_days) == (30, 60)
    assert profile.has_chain_of_custody
    assert profile.has_operator_review
    assert profile.legal_basis_ends is None
    assert not profile.watermark


@pytest.mark.parametrize("name", profile_names())
def test_no_profile_has_a_function_of_identity(name: str) -> None:
    assert not {FUNCTION_NUMBERS[each] for each in read_profile(name).functions} & set(IDENTITY)


def test_the_bench_profile_allows_everything_but_identity_and_is_marked() -> None:
    profile = read_profile("bench")
    identity = {name for name in nameable_functions() if FUNCTION_NUMBERS[name] in IDENTITY}
    assert len(identity) == 7
    assert profile.functions == set(nameable_functions()) - identity
    assert profile.watermark == "BENCH"


def test_the_poles_own_health_is_never_named() -> None:
    assert not {"camera_lost", "mandate", "clock"} & set(nameable_functions())
    assert {"fight", "plate_read"} <= set(nameable_functions())


def test_a_good_mandate_of_each_profile_is_taken() -> None:
    assert parse_mandate(statement(**FRENCH_SUMMER)).profile.name == "fr-2023-380"
    assert parse_mandate(statement(**LIMA)).profile.name == "pe-municipal"
    assert parse_mandate(statement()).profile.name == "bench"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (FRENCH_SUMMER | {"ring_days": 31},
         "ring_days: is 31; profile fr-2023-380 allows 0 to 30 days"),
        (FRENCH_SUMMER | {"expires_utc": "2024-10-02T00:00:00Z"},
         "expires_utc: profile fr-2023-380 allows 92 days at most"),
        (FRENCH_SUMMER | {"models": []},
         "models: is empty; profile fr-2023-380 wants the models signed"),
        (FRENCH_SUMMER | {"rules_sha256": {}},
         "rules_sha256: has no hash for north; profile fr-2023-380 wants rules signed"),
        (LIMA | {"ring_days": 29}, "ring_days: is 29; profile pe-municipal allows 30 to 60 days"),
        (LIMA | {"ring_days": 61}, "ring_days: is 61; profile pe-municipal allows 30 to 60 days"),
    ],
)  # fmt: skip
def test_what_a_profile_does_not_allow_cannot_be_signed(
    changes: dict[str, object], said: str
) -> None:
    assert wrong(statement(**changes)) == said


def test_nothing_begins_after_the_legal_basis_has_ended() -> None:
    late = {"not_before_utc": "2025-04-01T00:00:00Z", "expires_utc": "2025-05-01T00:00:00Z"}
    told = wrong(statement(**(FRENCH_SUMMER | late)))
    assert told.startswith(
        "not_before_utc: the legal basis of profile fr-2023-380 ended on 2025-03-31T22:00:00Z\n"
    )


def test_a_mandate_that_outlives_its_legal_basis_ends_with_it() -> None:
    over = {"not_before_utc": "2025-02-01T00:00:00Z", "expires_utc": "2025-04-15T00:00:00Z"}
    made = parse_mandate(statement(**(FRENCH_SUMMER | over)))
    assert made.ends == datetime(2025, 3, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_function_has_words_in_every_language(language: str) -> None:
    assert set(LANGUAGES[language].functions) == set(nameable_functions())
