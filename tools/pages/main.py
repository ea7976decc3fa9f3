"""Write every generated reference page, or say which ones no longer match the code."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tools.pages import commands, functions, site_file, wire

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = Path("docs/reference")
REMEDY = "Run tools/reference and commit what it wrote."

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": commands.page,
    "site-file.md": site_file.page,
    "site.schema.json": site_file.schema_text,
    "functions.md": functions.page,
    "wire.md": wire.page,
}


def stale_pages(root: Path = REPOSITORY) -> list[Path]:
    """The pages whose content is not what the code says now."""
    stale = []
    for name, render in PAGES.items():
        path = REFERENCE / name
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
    for name, render in PAGES.items():
        (REPOSITORY / REFERENCE / name).write_text(render(), encoding="utf-8")
        print(REFERENCE / name)


if __name__ == "__main__":
    main()
