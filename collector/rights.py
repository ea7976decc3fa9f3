"""Who may do what: one table of roles and rights, asked on the loaded object every time.

The four roles are the people of the control room. A right is not a page or a call: several of
them may need the same one. Nobody has all rights, the supervisor included: who grants clips does
not sign mandates, and who reads the audit does not pull clips.
"""

from enum import Enum

from edge.errors import Kind, VigieError


class Role(Enum):
    """What an account is for."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    AUTHORITY = "authority"
    TECHNICIAN = "technician"


class Right(Enum):
    """What somebody may do; the value is how a refusal says it."""

    SEE_SIGNALS = "see signals"
    REVIEW_SIGNALS = "review signals"
    SEE_DEVICES = "see the devices' health"
    MANAGE_DEVICES = "invite and revoke devices"
    ROLL_OUT_UPDATES = "roll out updates"
    HALT_UPDATES = "halt a rollout"
    SEE_CALIBRATION = "see what a calibration saw"
    REVIEW_CALIBRATION = "review what a calibration saw"
    DELETE_CALIBRATION = "delete what a calibration saw"
    REQUEST_CLIPS = "request clips"
    APPROVE_CLIPS = "approve a clip as the second person"
    SEE_CLIPS = "open clips"
    HOLD_CLIPS = "keep a clip under a legal hold"
    SEE_MANDATES = "see mandates"
    DELIVER_MANDATES = "deliver signed mandates"
    EXPORT_REGISTER = "export the register"
    READ_AUDIT = "read the audit"
    MANAGE_ACCOUNTS = "invite and close accounts"


_EVERYBODY = frozenset({Right.SEE_DEVICES, Right.SEE_MANDATES})
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: _EVERYBODY
    | {
        Right.SEE_SIGNALS,
        Right.REVIEW_SIGNALS,
        Right.REQUEST_CLIPS,
        Right.SEE_CLIPS,
    },
    Role.SUPERVISOR: _EVERYBODY
    | {
        Right.SEE_SIGNALS,
        Right.REVIEW_SIGNALS,
        Right.REQUEST_CLIPS,
        Right.APPROVE_CLIPS,
        Right.SEE_CLIPS,
        Right.HOLD_CLIPS,
        Right.SEE_CALIBRATION,
        Right.REVIEW_CALIBRATION,
        Right.DELETE_CALIBRATION,
        Right.EXPORT_REGISTER,
        Right.MANAGE_ACCOUNTS,
        # Stopping is safe; only going on wants somebody who knows the poles.
        Right.HALT_UPDATES,
    },
    Role.AUTHORITY: _EVERYBODY
    | {
        Right.DELIVER_MANDATES,
        Right.SEE_CALIBRATION,
        Right.DELETE_CALIBRATION,
        Right.EXPORT_REGISTER,
        Right.READ_AUDIT,
    },
    Role.TECHNICIAN: _EVERYBODY
    | {
        Right.MANAGE_DEVICES,
        Right.ROLL_OUT_UPDATES,
        Right.HALT_UPDATES,
        Right.SEE_CALIBRATION,
        Right.REVIEW_CALIBRATION,
    },
}

_ARTICLES = {role: "an" if role.value[0] in "aeiou" else "a" for role in Role}


def has_right(role: Role, right: Right) -> bool:
    """Whether the table says yes."""
    return right in RIGHTS[role]


def check_right(role: Role, right: Right) -> None:
    """Raise VigieError(PERMISSION_DENIED) where the table says no."""
    if not has_right(role, right):
        able = ", ".join(each.value for each in Role if has_right(each, right))
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"{_ARTICLES[role]} {role.value} may not {right.value}",
            hint=f"Ask for it as: {able}.",
        )
