"""Every cell of the table of rights, written down a second time by hand."""

import pytest

from collector.rights import Right, Role, check_right
from edge.errors import Kind, VigieError

# Columns: operator, supervisor, authority, technician.
TABLE = {
    Right.SEE_SIGNALS: "yes yes no no",
    Right.REVIEW_SIGNALS: "yes yes no no",
    Right.SEE_DEVICES: "yes yes yes yes",
    Right.MANAGE_DEVICES: "no no no yes",
    Right.ROLL_OUT_UPDATES: "no no no yes",
    Right.HALT_UPDATES: "no yes no yes",
    Right.SEE_CALIBRATION: "no yes yes yes",
    Right.REVIEW_CALIBRATION: "no yes no yes",
    Right.DELETE_CALIBRATION: "no yes yes no",
    Right.REQUEST_CLIPS: "yes yes no no",
    Right.APPROVE_CLIPS: "no yes no no",
    Right.SEE_CLIPS: "yes yes no no",
    Right.HOLD_CLIPS: "no yes no no",
    Right.SEE_MANDATES: "yes yes yes yes",
    Right.DELIVER_MANDATES: "no no yes no",
    Right.EXPORT_REGISTER: "no yes yes no",
    Right.READ_AUDIT: "no no yes no",
    Right.MANAGE_ACCOUNTS: "no yes no no",
}
ROLES = (Role.OPERATOR, Role.SUPERVISOR, Role.AUTHORITY, Role.TECHNICIAN)
CELLS = [
    (role, right, cell == "yes")
    for right, row in TABLE.items()
    for role, cell in zip(ROLES, row.split(), strict=True)
]


def test_the_table_names_every_role_and_every_right() -> None:
    assert set(TABLE) == set(Right)
    assert set(ROLES) == set(Role)


@pytest.mark.parametrize(("role", "right", "is_allowed"), CELLS)
def test_a_cell_of_the_table_holds(role: Role, right: Right, is_allowed: bool) -> None:
    if is_allowed:
        check_right(role, right)
        return
    with pytest.raises(VigieError) as refused:
        check_right(role, right)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    assert refused.value.what.endswith(f" {role.value} may not {right.value}")


def test_a_refusal_is_a_sentence() -> None:
    with pytest.raises(VigieError, match="an operator may not read the audit"):
        check_right(Role.OPERATOR, Right.READ_AUDIT)


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(VigieError) as refused:
        check_right(Role.TECHNICIAN, Right.EXPORT_REGISTER)
    assert refused.value.hint == "Ask for it as: supervisor, authority."


def test_nobody_may_do_everything() -> None:
    for role in Role:
        assert any(not allowed for each, _, allowed in CELLS if each is role)
