"""What the vault refuses, by itself, whatever the collector signed."""

from dataclasses import replace

import pytest

from edge.evidence.request import ClipRequest
from edge.mandate.reason import Reason
from edge.mandate.statement import parse_mandate
from edge.vault.orders import DAY_MS, MINUTE_MS, No, Situation, check_order, earliest_utc_ms
from tests.fakes.evidence import NOW_UTC_MS, make_request
from tests.fakes.mandates import CAMERA, DEVICE, statement

READER = "ab" * 32
FINGERPRINT = "f" * 64
MANDATE = parse_mandate(statement())
SITUATION = Situation(
    device=DEVICE,
    now_utc_ms=NOW_UTC_MS + 1_000,
    clock_error_ms=20,
    mandate=MANDATE,
    reason=None,
    cameras=frozenset({CAMERA, "south"}),
    readers=frozenset({READER}),
    seen={},
)
NOBODY_MAY_ASK = parse_mandate(statement(clip_requesters=[]))
NO_RING = parse_mandate(statement(ring_days=0))


def _refused(request: ClipRequest, situation: Situation = SITUATION) -> No | None:
    refusal = check_order(request, FINGERPRINT, situation)
    return refusal.no if refusal else None


def test_a_good_request_is_carried_out() -> None:
    assert _refused(make_request()) is None


@pytest.mark.parametrize(
    ("no", "changes"),
    [
        (No.WRONG_DEVICE, {"device": "pole-2"}),
        (No.UNKNOWN_CAMERA, {"camera": "cellar"}),
        (No.UNKNOWN_READER, {"readers": ("cd" * 32,)}),
        (No.UNKNOWN_READER, {"readers": (READER, "cd" * 32)}),
        (No.EXPIRED, {"expires_utc_ms": NOW_UTC_MS + 1_000}),
        (No.EXPIRED, {"expires_utc_ms": NOW_UTC_MS + 1_020}),
        (None, {"expires_utc_ms": NOW_UTC_MS + 1_021}),
        (
            No.NOT_ISSUED_YET,
            {"issued_utc_ms": NOW_UTC_MS + 70_000, "expires_utc_ms": NOW_UTC_MS + 90_000},
        ),
        (No.NO_MANDATE, {"camera": "south"}),
        (No.ROLE_NOT_ALLOWED, {"role": "technician"}),
        (No.ROLE_NOT_ALLOWED, {"role": "mayor"}),
        (No.TOO_LONG, {"from_utc_ms": NOW_UTC_MS - DAY_MS, "second_person": "grace"}),
        (
            No.TOO_LONG,
            {
                "from_utc_ms": NOW_UTC_MS - 30 * MINUTE_MS - 1,
                "to_utc_ms": NOW_UTC_MS,
                "second_person": "grace",
            },
        ),
        (
            None,
            {
                "from_utc_ms": NOW_UTC_MS - 30 * MINUTE_MS,
                "to_utc_ms": NOW_UTC_MS,
                "second_person": "grace",
            },
        ),
        (
            No.SECOND_PERSON_NEEDED,
            {"from_utc_ms": NOW_UTC_MS - 10 * MINUTE_MS - 1, "to_utc_ms": NOW_UTC_MS},
        ),
        (No.SECOND_PERSON_NEEDED, {"max_minutes_alone": 0}),
        (None, {"from_utc_ms": NOW_UTC_MS - 10 * MINUTE_MS, "to_utc_ms": NOW_UTC_MS}),
        (No.IN_THE_FUTURE, {"to_utc_ms": NOW_UTC_MS + 5_000}),
        (
            No.TOO_OLD,
            {
                "from_utc_ms": NOW_UTC_MS - 8 * DAY_MS,
                "to_utc_ms": NOW_UTC_MS - 8 * DAY_MS + MINUTE_MS,
            },
        ),
    ],
)
def test_a_request_is_judged_by_what_it_asks(no: No | None, changes: dict[str, object]) -> None:
    assert _refused(make_request(**changes)) is no


@pytest.mark.parametrize(
    ("no", "changes"),
    [
        (No.CLOCK_UNPROVEN, {"now_utc_ms": None, "reason": Reason.CLOCK_UNPROVEN}),
        (No.CLOCK_UNPROVEN, {"now_utc_ms": None, "reason": Reason.CLOCK_BEHIND_FLOOR}),
        (No.NO_MANDATE, {"mandate": None, "reason": Reason.NO_MANDATE}),
        (No.NO_MANDATE, {"reason": Reason.EXPIRED}),
        (No.NO_MANDATE, {"reason": Reason.REVOKED}),
        (No.NO_MANDATE, {"reason": Reason.LEGAL_BASIS_ENDED}),
        (No.NO_MANDATE, {"reason": Reason.NOT_YET_VALID}),
        (None, {"reason": Reason.OUTSIDE_WINDOW}),
        (No.ROLE_NOT_ALLOWED, {"mandate": NOBODY_MAY_ASK}),
        (No.NO_MANDATE, {"mandate": NO_RING}),
        (No.UNKNOWN_CAMERA, {"cameras": frozenset()}),
        (No.UNKNOWN_READER, {"readers": frozenset()}),
        (No.REPEATED, {"seen": {"pole-1-0001": "0" * 64}}),
        (None, {"seen": {"pole-1-0001": FINGERPRINT}}),
        (No.EXPIRED, {"now_utc_ms": NOW_UTC_MS + DAY_MS}),
    ],
)
def test_a_request_is_judged_by_what_the_vault_knows(
    no: No | None, changes: dict[str, object]
) -> None:
    assert _refused(make_request(), replace(SITUATION, **changes)) is no  # type: ignore[arg-type]


def test_every_reason_of_the_gate_but_a_closed_window_stops_clips() -> None:
    for reason in Reason:
        found = _refused(make_request(), replace(SITUATION, reason=reason))
        assert (found is None) is (reason is Reason.OUTSIDE_WINDOW)


def test_what_the_mandate_lets_nobody_keep_is_not_given_out() -> None:
    assert earliest_utc_ms(SITUATION) == NOW_UTC_MS + 1_000 - 7 * DAY_MS
    assert earliest_utc_ms(replace(SITUATION, mandate=None)) == NOW_UTC_MS + 1_000


def test_each_refusal_is_one_sentence_for_a_person() -> None:
    refusal = check_order(make_request(camera="cellar"), FINGERPRINT, SITUATION)
    assert refusal is not None
    assert refusal.message == "the ring holds no camera cellar; it holds: north, south"
