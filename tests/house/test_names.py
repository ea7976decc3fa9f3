"""A file is one noun; names carry units; nothing is called helper."""

import ast
from pathlib import Path

from tests.house.sources import functions, product, sources

VAGUE_FILES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
VAGUE_WORDS = {"data", "info", "obj", "tmp", "foo", "size", "distance"}
UNFINISHED = "TO" + "DO"


def _is_folder(argument: ast.arg) -> bool:
    """`data: Path` is the state directory that --data names."""
    kind = ast.unparse(argument.annotation) if argument.annotation else ""
    return argument.arg == "data" and kind.startswith("Path")


def test_no_file_has_a_name_that_says_nothing() -> None:
    vague = [source.name for source in sources() if Path(source.name).stem in VAGUE_FILES]
    assert vague == []


def test_no_parameter_has_a_name_without_a_meaning() -> None:
    vague = [
        f"{source.name}:{function.lineno} {function.name}({argument.arg})"
        for source in product()
        for function in functions(source)
        for argument in function.args.args
        if argument.arg in VAGUE_WORDS and not _is_folder(argument)
    ]
    assert vague == []


def test_nothing_is_left_for_later_without_a_place_to_find_it() -> None:
    left = [source.name for source in sources() if UNFINISHED in source.text]
    assert left == []


def test_every_room_says_what_it_may_do() -> None:
    silent = [
        source.name
        for source in product()
        if Path(source.name).name == "__init__.py" and not ast.get_docstring(source.tree)
    ]
    assert silent == []


def test_nothing_runs_when_a_module_is_imported() -> None:
    running = [
        f"{source.name}:{node.lineno}"
        for source in product()
        for node in source.tree.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert running == []
