"""The generated pages say what the code says."""

from pathlib import Path

import pytest

from tools.pages.main import PAGES, REFERENCE, REMEDY


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str, repository: Path) -> None:
    written = repository / REFERENCE / name
    assert written.is_file(), f"{written} is missing. {REMEDY}"
    is_current = written.read_text(encoding="utf-8") == PAGES[name]()
    assert is_current, f"{REFERENCE / name} is stale. {REMEDY}"
