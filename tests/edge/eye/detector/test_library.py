"""Where a model's file is looked for: the user's own first, then beside the card that ships."""

import dataclasses
import hashlib
from pathlib import Path

from edge.eye.detector import Library
from edge.eye.detector.library import State, shipped_cards_dir
from edge.eye.detector.reading import read_card

SHIPPED, OWN = b"shipped with its card", b"the user's own"


def test_a_file_that_ships_with_its_card_needs_no_build(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "ssd-coco15.tflite").write_bytes(SHIPPED)
    card = dataclasses.replace(
        read_card(shipped_cards_dir() / "ssd-coco15" / "card.toml"),
        path=tmp_path / "cards" / "card.toml",
        sha256=hashlib.sha256(SHIPPED).hexdigest(),
        size_bytes=len(SHIPPED),
    )
    library = Library(tmp_path / "models")
    assert library.state(card) is State.SHIPPED
    assert library.read_model(card) == SHIPPED
    library.own_path(card).parent.mkdir(parents=True)
    library.own_path(card).write_bytes(OWN)
    assert library.model_path(card) == library.own_path(card)
    assert library.state(card) is State.DAMAGED
