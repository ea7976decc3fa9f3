"""The project's own Python files, parsed once for all house rules."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Source:
    """One file with its syntax tree; `name` is relative to the repository."""

    name: str
    text: str
    tree: ast.Module


@cache
def tracked_files() -> tuple[str, ...]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listing.stdout.splitlines() if (REPOSITORY / name).is_file())


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file that a person wrote."""
    return tuple(
        Source(name, text, ast.parse(text))
        for name in tracked_files()
        if _is_python(name) and "_pb2" not in name
        for text in [(REPOSITORY / name).read_text()]
    )


def product() -> tuple[Source, ...]:
    """The files that ship: edge and collector."""
    return tuple(one for one in sources() if one.name.startswith(("edge/", "collector/")))


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _is_python(name: str) -> bool:
    if name.endswith(".py"):
        return True
    if "." in Path(name).name or not name.startswith("tools/"):
        return False
    with (REPOSITORY / name).open(errors="replace") as text:
        return "python" in text.readline()
