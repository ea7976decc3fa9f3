"""What a test is called is short: pytest hands it on to every program that the test starts."""

import subprocess
import sys

import pytest

from tests.conftest import MOST_ID_CHARS

LONG = 200_000
MOST_NAME_CHARS = 300


@pytest.mark.parametrize("value", ["x" * LONG, b"\0" * LONG])
def test_a_program_starts_in_a_test_of_a_long_value(value: str | bytes) -> None:
    assert len(value) == LONG
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_no_name_is_long(request: pytest.FixtureRequest) -> None:
    names = [item.nodeid for item in request.session.items]
    assert [name[:MOST_ID_CHARS] for name in names if len(name) > MOST_NAME_CHARS] == []
