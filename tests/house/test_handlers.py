"""One broad handler per process, at its outermost loop, with the reason beside it."""

import ast

from tests.house.sources import product

BROAD = {"Exception", "BaseException"}

# The outermost loop of each process, and nothing else.
ALLOWED = {
    "edge/cli/program.py": 1,
    "edge/eye/run.py": 1,
    "edge/eye/camera/child.py": 1,
    "edge/link/run.py": 1,
    "edge/vault/run.py": 1,
    "collector/run.py": 1,
}


def _is_broad(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        # Tidies up and lets the error go on: nothing is swallowed.
        return False
    kinds = handler.type
    if kinds is None:
        return True
    names = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
    return any(isinstance(name, ast.Name) and name.id in BROAD for name in names)


def test_nothing_catches_everything_but_the_outermost_loop() -> None:
    found = {
        source.name: count
        for source in product()
        for count in [
            sum(
                isinstance(node, ast.ExceptHandler) and _is_broad(node)
                for node in ast.walk(source.tree)
            )
        ]
        if count
    }
    assert {name: count for name, count in found.items() if count > ALLOWED.get(name, 0)} == {}
