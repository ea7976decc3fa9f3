"""Where cards and model files are: cards ship with vigie, their files too or are built or added."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.eye.detector.card import Card
from edge.eye.detector.reading import read_card

CARD_FILE = "card.toml"
_HASH_CHUNK_BYTES = 1 << 20
_PACKAGE = Path(__file__).resolve().parents[2]


class State(Enum):
    """What stands where a card says its model stands."""

    BUILT = "built"
    SHIPPED = "shipped"
    MISSING = "missing"
    DAMAGED = "damaged"


def default_models_dir() -> Path:
    """The user's own models directory, by the XDG convention of the machine's account."""
    return Path.home() / ".local" / "share" / "vigie" / "models"


def shipped_cards_dir() -> Path:
    """The cards inside the installed package; the repository's own in a checkout."""
    installed = _PACKAGE / "cards"
    return installed if installed.is_dir() else _PACKAGE.parent / "models"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Library:
    """The models of one directory, with the cards that ship with vigie.

    models_dir: holds NAME/FILE for each model, and NAME/card.toml for cards the user added.
    A user's card wins over a shipped one of the same name.
    """

    models_dir: Path

    def cards(self) -> list[Card]:
        """Every card, by name. Raises: VigieError for a card that is wrong."""
        found = {path.parent.name: path for path in self._card_files()}
        return [read_card(found[name]) for name in sorted(found)]

    def card(self, name: str) -> Card:
        """The card of one model. Raises: VigieError NOT_FOUND, INVALID_ARGUMENT."""
        found = {path.parent.name: path for path in self._card_files()}
        if name not in found:
            raise VigieError(
                Kind.NOT_FOUND,
                f"no model card is named '{name}'; there are {', '.join(sorted(found))}",
                hint="List them with 'vigie models list'.",
            )
        return read_card(found[name])

    def model_path(self, card: Card) -> Path:
        """Where the card's file stands: the user's, else one shipped with its card, or would."""
        own, shipped = self.own_path(card), card.path.parent / card.file
        return shipped if shipped.is_file() and not own.is_file() else own

    def own_path(self, card: Card) -> Path:
        """Where the card's file stands once the user built or added it."""
        return self.models_dir / card.name / card.file

    def state(self, card: Card) -> State:
        """Whether the file is there and is the card's, by its hash."""
        path = self.model_path(card)
        if not path.is_file():
            return State.MISSING
        if path.stat().st_size != card.size_bytes or sha256_of(path) != card.sha256:
            return State.DAMAGED
        return State.BUILT if path == self.own_path(card) else State.SHIPPED

    def read_model(self, card: Card) -> bytes:
        """The model's bytes, read once, so that what was checked is what is loaded.

        Raises: VigieError NOT_FOUND without the file, DATA_LOSS when it is not the card's.
        """
        path = self.model_path(card)
        try:
            content = path.read_bytes()
        except FileNotFoundError as missing:
            raise VigieError(
                Kind.NOT_FOUND,
                f"the file of model '{card.name}' is not there",
                where=str(path),
                hint=remedy(card),
            ) from missing
        check_content(card, content, where=str(path))
        return content

    def _card_files(self) -> Iterator[Path]:
        for directory in (shipped_cards_dir(), self.models_dir):
            if directory.is_dir():
                yield from sorted(directory.glob(f"[!.]*{os.sep}{CARD_FILE}"))


def remedy(card: Card) -> str:
    """The command that brings a card's file back."""
    if card.path.parent.parent == shipped_cards_dir() and card.path.with_name(card.file).is_file():
        return "It came with vigie: install vigie again."
    if card.source.startswith("vigie models build"):
        return f"Build it with 'vigie models build {card.name}'."
    if card.address is not None:
        return f"Fetch it with 'vigie models add {card.name}'."
    return f"Add it with 'vigie models add FILE --sha256 {card.sha256}'."


def check_content(card: Card, content: bytes, where: str) -> None:
    """Refuse bytes that are not the card's. Raises: VigieError DATA_LOSS."""
    if len(content) != card.size_bytes:
        raise VigieError(
            Kind.DATA_LOSS,
            f"model '{card.name}' has {len(content)} bytes, and its card says {card.size_bytes}",
            where=where,
            hint=remedy(card),
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise VigieError(
            Kind.DATA_LOSS,
            f"model '{card.name}' has sha256 {digest}, and its card says {card.sha256}",
            where=where,
            hint=remedy(card),
        )
