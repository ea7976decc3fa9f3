import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.site.position import Positions, Span

TEXT = """\
version = 1
"quoted key" = { inner = 2, 'x y' = [10, 20] }
dotted.key = 3
[[camera]]
name = "a"
[[camera.mask]]
polygon_frac = [
  [0.1, 0.2], # first
  [0.3, 0.4],
]
[[camera]]
name = "b"
[[camera.mask]]
[[camera.mask]]
name = "m"
[camera.more]
depth = 1
"""


@pytest.mark.parametrize(
    ("path", "span"),
    [
        (("version",), Span(1, 11, 1)),
        (("quoted key", "inner"), Span(2, 26, 1)),
        (("quoted key", "x y", 1), Span(2, 42, 2)),
        (("dotted", "key"), Span(3, 14, 1)),
        (("camera", 0, "name"), Span(5, 8, 3)),
        (("camera", 0, "mask", 0, "polygon_frac", 1, 0), Span(9, 4, 3)),
        (("camera", 1, "mask", 1, "name"), Span(15, 8, 3)),
        (("camera", 1, "more", "depth"), Span(17, 9, 1)),
        (("camera", 0, "mask", 0, "polygon_frac"), Span(7, 16, 1)),
    ],
)
def test_a_value_is_found_by_its_path(path: tuple[str | int, ...], span: Span) -> None:
    assert Positions(TEXT).find(path, is_about_key=False) == span


def test_a_missing_key_points_at_the_table_around_it() -> None:
    assert Positions(TEXT).find(("camera", 1, "source"), is_about_key=True) == Span(11, 3, 6)


def test_what_stands_nowhere_points_at_the_first_line() -> None:
    assert Positions(TEXT).find((), is_about_key=True) == Span(1, 1, 1)


KEYS = st.text("abé _-.\"'", min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers(0, 9) | st.booleans() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace('"', '\\"') + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    return str(value)


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


def value_at(document: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        if isinstance(document, list):
            assert isinstance(step, int)
            document = document[step]
        else:
            assert isinstance(document, dict)
            document = document[step]
    return document


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_the_text_at_a_position_is_the_value_of_its_path(document: dict[str, object]) -> None:
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())
    assert tomllib.loads(text) == document
    positions = Positions(text)
    lines = text.split("\n")
    for path in leaves(document):
        span = positions.find(path, is_about_key=False)
        found = lines[span.line - 1][span.column - 1 : span.column - 1 + span.width]
        assert tomllib.loads(f"x = {found}")["x"] == value_at(document, path)
