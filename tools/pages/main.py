"""Write every page that is made from the code, or say which ones no longer match it."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.pages import commands, functions, lights, site_file, wire
from tools.pages.diagrams import DIAGRAMS, put_into

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = Path("docs/reference")
DESIGN = Path("docs/design")
REMEDY = "Run tools/reference and commit what it wrote."


def _drawn(name: str) -> str:
    source, draw = DIAGRAMS[name]
    return put_into((REPOSITORY / DESIGN / name).read_text(encoding="utf-8"), source, draw())


PAGES: dict[Path, Callable[[], str]] = {
    REFERENCE / "cli.md": commands.page,
    REFERENCE / "site-file.md": site_file.page,
    REFERENCE / "site.schema.json": site_file.schema_text,
    REFERENCE / "functions.md": functions.page,
    REFERENCE / "wire.md": wire.page,
    REFERENCE / "lights.md": lights.page,
    **{DESIGN / name: partial(_drawn, name) for name in DIAGRAMS},
}
"""Whole pages, and pages with a drawing between marks."""


def stale_pages(root: Path = REPOSITORY) -> list[Path]:
    """The pages whose content is not what the code says now."""
    stale = []
    for path, render in PAGES.items():
        written = root / path
        if not written.is_file() or written.read_text(encoding="utf-8") != render():
            stale.append(path)
    return stale


def main() -> None:
    """Steps: render each page, write it or compare it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="compare only; exit 1 if stale")
    if arguments.parse_args().check:
        stale = stale_pages()
        for path in stale:
            print(f"{path} is stale. {REMEDY}", file=sys.stderr)
        sys.exit(1 if stale else 0)
    (REPOSITORY / REFERENCE).mkdir(parents=True, exist_ok=True)
    for path, render in PAGES.items():
        (REPOSITORY / path).write_text(render(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
