"""Why nothing is detected or recorded, in one closed list of words."""

from enum import Enum


class Reason(Enum):
    """The word in health events, statuses and logs; `sentence` says it to a person."""

    NO_TRUST = "no_trust"
    FLOOR_LOST = "floor_lost"
    CLOCK_UNPROVEN = "clock_unproven"
    CLOCK_BEHIND_FLOOR = "clock_behind_floor"
    NO_MANDATE = "no_mandate"
    REVOKED = "revoked"
    NOT_YET_VALID = "not_yet_valid"
    LEGAL_BASIS_ENDED = "legal_basis_ended"
    EXPIRED = "expired"
    OUTSIDE_WINDOW = "outside_window"
    MODEL_CHANGED = "model_changed"
    CAMERA_NOT_NAMED = "camera_not_named"
    RULES_CHANGED = "rules_changed"
    FUNCTION_NOT_NAMED = "function_not_named"
    RECORDING_NOT_NAMED = "recording_not_named"

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        return _SENTENCES[self]


_SENTENCES: dict[Reason, str] = {
    Reason.NO_TRUST: "this pole was not told whose mandates to believe",
    Reason.FLOOR_LOST: "the record of earlier mandates is damaged in both places",
    Reason.CLOCK_UNPROVEN: "nothing proves that the clock is right",
    Reason.CLOCK_BEHIND_FLOOR: "the clock shows a time that is certainly past",
    Reason.NO_MANDATE: "there is no mandate",
    Reason.REVOKED: "the mandate was revoked",
    Reason.NOT_YET_VALID: "the mandate does not hold yet",
    Reason.LEGAL_BASIS_ENDED: "the legal basis of the mandate has ended",
    Reason.EXPIRED: "the mandate has expired",
    Reason.OUTSIDE_WINDOW: "no window of the mandate is open now",
    Reason.MODEL_CHANGED: "the detector is not the one that was signed",
    Reason.CAMERA_NOT_NAMED: "the mandate does not name this camera",
    Reason.RULES_CHANGED: "the rules or masks are not the ones that were signed",
    Reason.FUNCTION_NOT_NAMED: "the mandate names no function for this camera",
    Reason.RECORDING_NOT_NAMED: "the mandate lets nothing be recorded",
}
