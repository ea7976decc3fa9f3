"""Where in the text a key or a value stands. Loaded only to print problems."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from edge.site.problem import TomlPath

_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_MARKS = frozenset({"[", "]", "[[", "]]", "{", "}", ",", "=", ".", "comment"})


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line. line, column: from 1, in characters."""

    line: int
    column: int
    width: int


@dataclass(slots=True)
class Positions:
    """Places of everything in one valid TOML text, by path."""

    text: str
    _keys: dict[TomlPath, Span] = field(default_factory=dict)
    _values: dict[TomlPath, Span] = field(default_factory=dict)
    _lengths: dict[TomlPath, int] = field(default_factory=dict)
    _lines: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        source = self.text.encode()
        self._lines = source.split(b"\n")
        parser = Parser(Language(tree_sitter_toml.language()))
        for node in parser.parse(source).root_node.children:
            match node.type:
                case "pair":
                    self._enter_pair((), node)
                case "table" | "table_array_element":
                    self._enter_table(node)

    def find(self, path: TomlPath, *, is_about_key: bool) -> Span:
        """The place of a path, or of the nearest table or list around it."""
        for depth in range(len(path), 0, -1):
            around = path[:depth]
            places = (self._keys, self._values) if is_about_key else (self._values, self._keys)
            for place in places:
                if around in place:
                    return place[around]
        return Span(1, 1, 1)

    def _enter_table(self, node: Node) -> None:
        header = next(child for child in node.children if child.type in _KEYS)
        *parents, last = _key_words(header)
        path: TomlPath = ()
        for parent in parents:
            path = self._current((*path, parent))
        path = (*path, last)
        if node.type == "table_array_element":
            self._keys.setdefault(path, self._span(header))
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._current(path)
        self._keys[path] = self._span(header)
        for child in node.children:
            if child.type == "pair":
                self._enter_pair(path, child)

    def _enter_pair(self, path: TomlPath, node: Node) -> None:
        key, value = (child for child in node.children if child.type not in _MARKS)
        for word in _key_words(key):
            path = (*path, word)
            self._keys.setdefault(path, self._span(key))
        self._enter_value(path, value)

    def _enter_value(self, path: TomlPath, node: Node) -> None:
        self._values[path] = self._span(node)
        if node.type == "array":
            items = [child for child in node.children if child.type not in _MARKS]
            for index, item in enumerate(items):
                self._enter_value((*path, index), item)
        elif node.type == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._enter_pair(path, child)

    def _current(self, path: TomlPath) -> TomlPath:
        """The path of the last table of a list of tables; any other path as it is."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _span(self, node: Node) -> Span:
        row, start_byte = node.start_point
        end_row, end_byte = node.end_point
        line = self._lines[row].rstrip(b"\r")
        stop_byte = end_byte if end_row == row else len(line)
        width = len(line[start_byte:stop_byte].decode())
        return Span(row + 1, len(line[:start_byte].decode()) + 1, max(1, width))


def _key_words(node: Node) -> Iterator[str]:
    if node.type == "dotted_key":
        for child in node.children:
            if child.type in _KEYS:
                yield from _key_words(child)
        return
    written = (node.text or b"").decode()
    # tomllib undoes quotes and escapes exactly as it did for the document.
    yield next(iter(tomllib.loads(f"{written} = 0")))
