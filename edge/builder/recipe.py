"""How one model is made, read from `build.toml` beside its card."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError

RECIPE_FILE = "build.toml"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One build.

    folder: where build.toml, the package's lock file and the ranges stand.
    kept_classes: numbers among the trained classes, in the order of the card.
    """

    folder: Path
    package_lock: str
    wheel_pattern: str
    graph_in_wheel: str
    graph_sha256: str
    input_node: str
    boxes_node: str
    scores_node: str
    trained_classes: int
    kept_classes: tuple[int, ...]
    ranges: str


def has_recipe(folder: Path) -> bool:
    """True when the model in this folder can be built here."""
    return (folder / RECIPE_FILE).is_file()


def read_recipe(folder: Path) -> Recipe:
    """The recipe beside a card.

    Raises:
        VigieError: NOT_FOUND when there is none, INVALID_ARGUMENT when it cannot be read.
    """
    path = folder / RECIPE_FILE
    if not path.is_file():
        raise VigieError(
            Kind.NOT_FOUND,
            f"model '{folder.name}' has no build recipe",
            where=str(path),
            hint="Add its file instead: vigie models add FILE --sha256 HEX --card CARD.toml",
        )
    try:
        written = tomllib.loads(path.read_text())
        written.pop("version")
        written["kept_classes"] = tuple(written["kept_classes"])
        recipe = Recipe(folder=folder, **written)
    except (KeyError, TypeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise VigieError(
            Kind.INVALID_ARGUMENT, f"the build recipe cannot be used: {error}", where=str(path)
        ) from error
    return recipe
