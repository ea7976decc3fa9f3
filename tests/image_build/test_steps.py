"""The recipe: its steps in the order that its page tells, and what it says while it runs."""

import ast
import io
from pathlib import Path

import pytest
from rich.console import Console

from edge.errors import Kind, VigieError
from firmware.keys import load_keys, make_keys
from firmware.steps import Steps


def steps_of(repository: Path) -> list[str]:
    tree = ast.parse((repository / "image-build" / "build.py").read_text())
    recipe = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "build_image"
    )
    return [
        str(call.args[0].value)
        for node in recipe.body
        if isinstance(node, ast.With)
        for call in [node.items[0].context_expr]
        if isinstance(call, ast.Call) and isinstance(call.args[0], ast.Constant)
    ]


def test_the_page_lists_the_steps_of_the_recipe(repository: Path) -> None:
    page = (repository / "image-build" / "README.md").read_text()
    listed = [
        line.split("**")[1] for line in page.splitlines() if line[:1].isdigit() and "**" in line
    ]
    assert listed == steps_of(repository)


def test_a_step_says_its_seconds_and_whether_it_failed() -> None:
    said = io.StringIO()
    steps = Steps(Console(file=said, width=80))
    with steps.step("first"):
        pass
    with pytest.raises(ValueError, match="no"), steps.step("second"):
        raise ValueError("no")
    lines = said.getvalue().splitlines()
    assert lines[0].endswith("s  first")
    assert lines[1].endswith("s  second failed")


def test_a_bench_makes_keys_once(tmp_path: Path) -> None:
    made = make_keys(tmp_path / "keys")
    assert load_keys(made.folder) == made
    assert made.key.stat().st_mode & 0o077 == 0
    assert made.provision_key.stat().st_mode & 0o077 == 0
    with pytest.raises(VigieError, match="keys stand here already"):
        make_keys(made.folder)


def test_a_fleet_without_its_authority_builds_nothing(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match=r"update-ca\.pem is not there") as refused:
        load_keys(tmp_path)
    assert refused.value.kind is Kind.NOT_FOUND
