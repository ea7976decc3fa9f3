"""What every test may ask for."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

# The environment that trains has no need of it.
with suppress(ModuleNotFoundError):
    from hypothesis import settings

    # The same examples each time, and no deadlines: how long one takes is the machine's business.
    settings.load_profile("ci")
# What a person's or a build server's terminal asks for is not what these tests are about.
for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "LINES"):
    os.environ.pop(name, None)

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_ID_CHARS = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long forms of the tests too")
    parser.addoption("--image", action="store_true", help="run the tests that boot an image too")
    parser.addoption("--image-full", action="store_true", help="and all of them, on every board")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    is_full = config.getoption("--image-full")
    for marker, is_asked, why in (
        ("soak", config.getoption("--soak"), "the long form runs with --soak"),
        ("image", config.getoption("--image") or is_full, "make image-test"),
        ("image_full", is_full, "make image-test-full"),
    ):
        for item in () if is_asked else items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=why))


def pytest_make_parametrize_id(val: object) -> str | None:
    """A long text or long bytes by its beginning and its length.

    pytest puts a test's whole name into the environment, where Linux takes 128 KiB a variable:
    with a longer one no program can be started any more (execve(2), E2BIG).
    """
    if not isinstance(val, str | bytes) or len(val) <= MOST_ID_CHARS:
        return None
    beginning = val[:MOST_ID_CHARS]
    text = beginning if isinstance(beginning, str) else beginning.decode("latin-1")
    return f"{text}... {len(val)}"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Real footage and models that stand beside the checkout; never part of it."""
    path = REPOSITORY.parent / "shared"
    if not (path / "data").is_dir():
        pytest.skip("needs the shared footage and models beside the checkout")
    return path
