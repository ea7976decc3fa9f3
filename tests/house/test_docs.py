"""What the pages name exists: tests, files, commands, options, error texts."""

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from functools import cache

import click
import pytest

from edge.cli.voice import OF_VIGIE_ITSELF
from edge.site.check import load_site
from tests.house.sources import REPOSITORY, product, tracked_files
from tools.pages.commands import walk

PAGES = tuple(
    name
    for name in tracked_files()
    if name == "README.md" or (name.startswith(("docs/", "image-build/")) and name.endswith(".md"))
)
GENERATED = ("docs/reference/",)
PROMISES = 24
README_MAX_LINES = 150
GUIDE_MAX_LINES = 60
TROUBLES_AT_LEAST = 40
FIXED_CHARS_AT_LEAST = 8
VARIABLE = "…"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"\btests/[\w./]+\.py(?:::(\w+))?")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


@cache
def functions_of(name: str) -> frozenset[str]:
    """Names of the tests that a file defines."""
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(read(name)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def prose(name: str) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", read(name))


def slugs(name: str) -> set[str]:
    """The anchors that a page's headings get."""
    found = set()
    for heading in HEADING.findall(prose(name)):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page: str) -> None:
    for named in TEST.finditer(read(page)):
        file, function = named[0].partition("::")[0], named[1]
        assert (REPOSITORY / file).is_file(), f"{page}: there is no {file}"
        assert not function or function in functions_of(file), f"{page}: no {named[0]}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_repository_leads_somewhere(page: str) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert found.exists(), f"{page}: {target} leads nowhere"
        if anchor and found.suffix == ".md":
            to = str(found.resolve().relative_to(REPOSITORY))
            assert anchor in slugs(to), f"{page}: {to} has no heading for #{anchor}"


COMMANDS = {context.command_path: context.command for context in walk()}
PROGRAMS = ("vigie", ".venv/bin/vigie")
CALL = re.compile(r"(?:^|[\s`(|/])vigie ((?:[^`\n|;&)]|\\\n)+)")


SHELL = ("", "console", "sh", "bash")


def shown_lines(page: str) -> Iterator[list[str]]:
    """Whole `vigie` command lines of a page's code blocks, as a shell would split them."""
    for kind, code in FENCE.findall(read(page)):
        for line in code.replace("\\\n", " ").splitlines() if kind in SHELL else ():
            for part in re.split(r"\||;|&&", line.split(" #")[0]):
                words = shlex.split(part.removeprefix("$ "), posix=True) if "vigie " in part else []
                program = next((at for at, word in enumerate(words) if word in PROGRAMS), None)
                if program is not None and "…" not in part:
                    yield [word for word in words[program + 1 :] if not word.startswith(">")]


def calls(page: str) -> Iterator[list[str]]:
    """The words after `vigie` wherever a page shows a command: code blocks and code spans."""
    text = read(page)
    blocks = [code for kind, code in FENCE.findall(text) if kind in ("", "console", "sh", "bash")]
    spans = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    for code in (*blocks, *(span for span in spans if span.startswith("vigie "))):
        for found in CALL.finditer(code.replace("\\\n", " ")):
            yield found[1].split("#")[0].split()


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(GENERATED)])
def test_every_command_and_option_that_a_page_shows_exists(page: str) -> None:
    for words in calls(page):
        shown = f"{page}: vigie {' '.join(words)}"
        path = "vigie"
        while words and isinstance(COMMANDS[path], click.Group) and words[0][0] not in "-…":
            path = f"{path} {words.pop(0)}"
            assert path in COMMANDS, f"{shown}: there is no '{path}'"
        command = COMMANDS[path]
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        unknown = used - known - {"--help", "--debug", "--plain", "--version"}
        assert not unknown, f"{shown}: there is no {unknown}"


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(GENERATED)])
def test_every_command_line_that_a_page_shows_is_whole(page: str) -> None:
    for words in shown_lines(page):
        shown = f"{page}: vigie {' '.join(words)}"
        rest, path = [word for word in words if word not in OF_VIGIE_ITSELF], "vigie"
        while rest and isinstance(COMMANDS[path], click.Group) and rest[0][0] != "-":
            path = f"{path} {rest.pop(0)}"
            assert path in COMMANDS, f"{shown}: there is no '{path}'"
        try:
            COMMANDS[path].make_context(path, rest)
        except click.exceptions.Exit:
            continue  # --help, --version
        except click.UsageError as refused:
            pytest.fail(f"{shown}: {refused.format_message()}")


def test_the_readme_fits_its_bound() -> None:
    assert len(read("README.md").splitlines()) <= README_MAX_LINES


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/guides/")])
def test_a_guide_is_one_page(page: str) -> None:
    assert len(read(page).splitlines()) <= GUIDE_MAX_LINES


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(GENERATED)])
def test_a_site_file_that_a_page_shows_is_good(page: str) -> None:
    for kind, code in FENCE.findall(read(page)):
        if kind == "toml" and "version = 1" in code:
            load_site(code, file=page)


def test_the_glossary_has_one_row_for_each_word_in_order() -> None:
    rows = re.findall(r"^\| (.+?) \|", read("docs/glossary.md"), re.MULTILINE)[2:]
    assert [word for word, count in Counter(rows).items() if count > 1] == []
    assert rows == sorted(rows, key=str.casefold)


def test_every_promise_has_a_test_or_says_not_yet() -> None:
    rows = dict(re.findall(r"^\| P(\d+) \|(.*)\|$", read("docs/guarantees.md"), re.MULTILINE))
    assert list(rows) == [str(number) for number in range(1, PROMISES + 1)]
    for number, row in rows.items():
        assert TEST.search(row) or "not yet" in row, f"P{number} names no test and is not 'not yet'"


@cache
def said() -> tuple[str, ...]:
    """Every text of the product's code, with a NUL where a value is put in."""
    texts = []
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.JoinedStr):
                texts.append("".join(_fixed(part) for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return tuple(texts)


def _fixed(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "\0"


def troubles() -> list[tuple[str, str]]:
    """Each heading of the troubleshooting page that is an error text, with what stands below."""
    page = read("docs/troubleshooting.md")
    parts = re.split(r"^### `(.+)`$", page, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("heading", [heading for heading, _ in troubles()])
def test_a_trouble_is_said_by_the_code_in_these_words(heading: str) -> None:
    fixed = heading.split(VARIABLE)
    assert len("".join(fixed).strip()) >= FIXED_CHARS_AT_LEAST, "too little of it is fixed"
    pattern = re.compile(".*".join(re.escape(part) for part in fixed), re.DOTALL)
    assert any(pattern.search(text) for text in said()), "nothing in edge/ or collector/ says it"


def test_each_trouble_stands_once_with_a_cause_and_a_remedy() -> None:
    found = troubles()
    assert len(found) >= TROUBLES_AT_LEAST
    assert [head for head, count in Counter(head for head, _ in found).items() if count > 1] == []
    for heading, below in found:
        assert "**Cause.**" in below, f"{heading}: no cause"
        assert "**Remedy.**" in below, f"{heading}: no remedy"
