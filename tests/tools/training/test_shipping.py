"""What is shipped says what it is made of: the manifest's sets, its own answers, its credits."""

import shutil
from pathlib import Path

import pytest

from edge.errors import Kind, VigieError
from edge.eye.detector.library import shipped_cards_dir
from tests.tools.training.test_pictures import item
from tools.training.golden import GOLDEN_FILE, read_golden
from tools.training.manifest import read_manifest
from tools.training.shipping import PAGE, ship

SHIPPED = shipped_cards_dir() / "street-s"
REPOSITORY = Path(__file__).resolve().parents[3]
MANIFEST = read_manifest(REPOSITORY / "tools" / "training" / "street.toml")
MARKS = "<!-- printed by tools/train, {part}: begin -->\n<!-- end -->\n"


def test_a_made_model_is_put_in_place_whole_and_its_page_told(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "street-s"
    folder.mkdir(parents=True)
    (folder / PAGE).write_text("".join(MARKS.format(part=one) for one in ("data", "held out")))
    assert ship(SHIPPED, tmp_path / "models", MANIFEST, [item()], {"person": (0.7, 0.69)}) == folder
    for name in ("card.toml", "street-s.tflite"):
        assert (folder / name).read_bytes() == (SHIPPED / name).read_bytes()
    page = (folder / PAGE).read_text()
    assert "| person | 0.700 | 0.690 |" in page
    assert all(f"| {one.name} | " in page for one in MANIFEST.sets)
    first, *_ = read_golden(folder)
    was, *_ = read_golden(SHIPPED)
    assert (first.seed, first.number, list(first.classes)) == (was.seed, was.number, was.classes)


def test_a_page_without_places_for_the_tables_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "street-s")
    (tmp_path / "street-s" / PAGE).write_text("no marks")
    with pytest.raises(VigieError) as refused:
        ship(SHIPPED, tmp_path, MANIFEST, [], {})
    assert refused.value.kind is Kind.FAILED_PRECONDITION


def test_the_shipped_page_names_every_set_with_its_licence_and_every_teacher() -> None:
    page = (SHIPPED / PAGE).read_text()
    for one in MANIFEST.sets:
        row = next(line for line in page.splitlines() if line.startswith(f"| {one.name} |"))
        assert one.licence in row
        assert one.credit in row
    for teacher in MANIFEST.teachers:
        assert f"- teacher {teacher.name}, {teacher.licence}" in page
    assert (SHIPPED / GOLDEN_FILE).is_file()
