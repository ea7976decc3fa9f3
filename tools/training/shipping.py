"""Puts a run's int8 file into the repository: card, answers to hold it to, tables of its page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.eye.detector import Detector
from edge.eye.detector.library import CARD_FILE
from edge.eye.detector.reading import read_card
from edge.eye.detector.runtime import open_runtime
from edge.whole_file import write_whole
from tools.evaluation.pages import draw_table, put_tables
from tools.training.golden import write_golden
from tools.training.manifest import Manifest
from tools.training.shelf import Item

PAGE = "README.md"
DRAWN = "drawn"


def ship(
    made: Path,
    models: Path,
    manifest: Manifest,
    items: Sequence[Item],
    judged: Mapping[str, tuple[float, float]],
) -> Path:
    """Copy a made model to its folder of `models`, whose page has places for its tables.

    judged: AP50 on held-out pictures, float and int8, by family and size.

    Raises: VigieError NOT_FOUND, INVALID_ARGUMENT (the card), FAILED_PRECONDITION (the page).
    """
    card = read_card(made / CARD_FILE)
    folder = models / card.name
    for name in (card.file, CARD_FILE):
        write_whole(folder / name, (made / name).read_bytes(), mode=0o644, folder_mode=0o755)
    content = (folder / card.file).read_bytes()
    write_golden(Detector(card, open_runtime(card.runtime, content, 1)), folder)
    tables = {"data": list_sets(manifest, items), "held out": list_judged(judged)}
    page = folder / PAGE
    written = put_tables(page.read_text(), tables, str(page))
    write_whole(page, written.encode(), mode=0o644, folder_mode=0o755)
    return folder


def list_sets(manifest: Manifest, items: Sequence[Item]) -> str:
    """A row for each set, with what is on the shelf of it; then the teachers."""
    places = Counter(item.name.split("/", 1)[0] for item in items)
    held_out = Counter(item.name.split("/", 1)[0] for item in items if item.is_held_out)
    rows = [
        (
            one.name,
            str(places[one.name]),
            str(held_out[one.name]),
            one.licence,
            ", ".join(one.boxed) or "nothing",
            one.credit,
        )
        for one in manifest.sets
    ]
    rows.append((DRAWN, str(places[DRAWN]), "0", "Apache-2.0", "exact", "this project"))
    teachers = "\n".join(
        f"- teacher {one.name}, {one.licence}: heard about {', '.join(one.trust)}"
        for one in manifest.teachers
    )
    headings = ("set", "pictures", "of them held out", "licence", "boxed by people", "credit")
    return f"{draw_table(headings, rows)}\n{teachers}\n"


def list_judged(judged: Mapping[str, tuple[float, float]]) -> str:
    """AP50 by family and size."""
    rows = [(name, f"{plain:.3f}", f"{whole:.3f}") for name, (plain, whole) in judged.items()]
    return draw_table(("AP50 on held-out pictures", "float", "int8"), rows)
