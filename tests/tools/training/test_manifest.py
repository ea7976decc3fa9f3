"""The manifest is read strictly: what is wrong is said by its place."""

from pathlib import Path

import pytest

from edge.errors import Kind, VigieError
from tools.training.manifest import read_manifest
from tools.training.sets import read_pictures


@pytest.fixture
def shipped(repository: Path) -> Path:
    return repository / "tools" / "training" / "street.toml"


def refused(tmp_path: Path, shipped: Path, change: tuple[str, str]) -> VigieError:
    """What is said of the shipped manifest with one thing changed."""
    old, new = change
    text = shipped.read_text()
    assert old in text
    changed = tmp_path / "changed.toml"
    changed.write_text(text.replace(old, new, 1))
    with pytest.raises(VigieError) as failure:
        read_manifest(changed)
    return failure.value


def test_the_shipped_manifest_names_open_sets_only(shipped: Path) -> None:
    manifest = read_manifest(shipped)
    assert {one.strength for one in manifest.sets} == {"A", "B"}
    assert all("eval" not in one.folder for one in manifest.sets)
    assert {teacher.licence for teacher in manifest.teachers} == {"Apache-2.0"}


@pytest.mark.parametrize(
    ("change", "place", "what"),
    [
        (("seed = ", "sead = "), "recipe", "unknown key 'sead'; did you mean 'seed'?"),
        (("batch = 8", 'batch = "8"'), "recipe.batch", "must be a whole number"),
        (("mosaic = 0.6\n", ""), "augmentation", "'mosaic' is missing"),
        (('"open/coco_open"', '"../eval/pictures"'), "sets.coco_open", "nothing outside train/"),
        (('boxed = ["bag"]', 'boxed = ["bags"]'), "sets.openimages_backpack", "no class: bags"),
        (("[416, 416]", "[416, 410]"), "sizes.street-s", "no pair of multiples of 32"),
        (("[608, 352]", "[608, 300]"), "sizes.street-s", "no pair of multiples of 32"),
        (("[32, 64, 128, 256]", "[32, 64, 256]"), "sizes.street-s", "no 4 multiples of 8"),
        (("[32, 64, 128, 256]", "[32, 60, 128, 256]"), "sizes.street-s", "no 4 multiples of 8"),
        (("label_min = 0.4", "label_min = 0.1"), "agreement", "does not hold"),
        (("finished_share = 0.55", "finished_share = 1.5"), "blending", "does not hold"),
        (("steps = 240", "steps = -1"), "rounding", "do not hold"),
        (("{ person = 0.9 }", "{ person = 1.9 }"), "sizes.street-n.sure", "must say a share"),
        (("{ person = 0.9 }", "{ persons = 0.9 }"), "sizes.street-n.sure", "must say a share"),
        (("[0.3, 0.5]", "[0.3]"), "blending", "no two above 0"),
        (("[0.3, 0.5]", "[0.6, 0.5]"), "blending", "together 1 at most"),
        (('kind = "yolox"', 'kind = "yolo"'), "teachers.yolox-nano", "kind must be one of"),
        (("version = 1", "version = 2"), "changed.toml", "version is 2"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(
    tmp_path: Path, shipped: Path, change: tuple[str, str], place: str, what: str
) -> None:
    failure = refused(tmp_path, shipped, change)
    assert failure.kind is Kind.INVALID_ARGUMENT
    assert failure.where is not None
    assert failure.where.endswith(place)
    assert what in failure.what


def test_without_the_pictures_one_error_names_all_that_is_absent(
    tmp_path: Path, shipped: Path
) -> None:
    manifest = read_manifest(shipped)
    with pytest.raises(VigieError, match=r"open/coco_open, .*hazy_person") as failure:
        read_pictures(tmp_path, manifest.sets)
    assert failure.value.kind is Kind.NOT_FOUND
    assert "--data" in (failure.value.hint or "")
