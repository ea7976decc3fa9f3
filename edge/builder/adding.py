"""Takes in a model file that somebody else made, if its hash is the one a person or card states."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from edge.builder.build import DOWNLOADS, put_in_place, read_given
from edge.builder.download import Report, download
from edge.errors import Kind, VigieError
from edge.eye.detector import Card, Library
from edge.eye.detector.library import CARD_FILE, State
from edge.eye.detector.reading import read_card


def add_model(
    source: str,
    sha256: str | None,
    card: Path | None,
    library: Library,
    say: Callable[[str], None],
    *,
    report: Report = lambda _done, _total: None,
) -> Path:
    """Copy or download a file, check it, put it and its card in place.

    source: a file, an address, or the name of a card that says where its publisher offers the file.
    sha256: what the file's must be; None only with such a card, which says that too.
    report: told how much of a download is there. What a cut download brought is kept for the next
    attempt; what turns out to be another file is not.

    Raises:
        VigieError: NOT_FOUND (file, card), UNAVAILABLE (address), DATA_LOSS (another sha256),
            INVALID_ARGUMENT (the card is for another file, no sum), RESOURCE_EXHAUSTED (too large).
    """
    offered = offering_card(source, library) if card is None else None
    if offered is not None:
        source, sha256 = str(offered.address), sha256 or offered.sha256
    if sha256 is None:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"what the sha256 of '{source}' must be is not said",
            hint="State it: --sha256 HEX",
        )
    chosen = read_card(card) if card is not None else offered or _card_of_sum(library, sha256)
    if chosen.sha256 != sha256:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the card of '{chosen.name}' is for the file with sha256 {chosen.sha256}",
            where=str(chosen.path),
            hint="Write a card for this file, or add the file that the card names.",
        )
    part = library.models_dir / DOWNLOADS / f"{sha256}.part"
    if "://" in source:
        say(f"vigie: fetching {source}")
        download(source, part, report)
    content = read_given(part if "://" in source else Path(source))
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        part.unlink(missing_ok=True)
        raise VigieError(
            Kind.DATA_LOSS,
            f"the file's sha256 is {found}, not {sha256}",
            where=source,
            hint="Nothing was added. Fetch the file again or check the sum you were given.",
        )
    place = library.own_path(chosen)
    put_in_place(place, content)
    if card is not None:
        put_in_place(place.parent / CARD_FILE, read_given(card))
    part.unlink(missing_ok=True)
    return place


def offering_card(source: str, library: Library) -> Card | None:
    """The card of this name, if it says where its file is offered and no file has that name."""
    named = _named_card(source, library)
    return named if named is not None and named.address is not None else None


def shipped_card(source: str, library: Library) -> Card | None:
    """The card of this name, if its file came with it and no file has that name."""
    named = _named_card(source, library)
    return named if named is not None and library.state(named) is State.SHIPPED else None


def _named_card(source: str, library: Library) -> Card | None:
    if "://" in source or Path(source).exists():
        return None
    return next((card for card in library.cards() if card.name == source), None)


def _card_of_sum(library: Library, sha256: str) -> Card:
    for card in library.cards():
        if card.sha256 == sha256:
            return card
    raise VigieError(
        Kind.NOT_FOUND,
        f"no shipped card is for a file with sha256 {sha256}",
        hint="Give the model's card: --card CARD.toml",
    )
