"""Link and vault about clips: each word comes through whole, anything else is refused and named."""

import json

import pytest

from edge.wire.clip_talk import (
    MAX_LINE_BYTES,
    Answer,
    Delivered,
    Drop,
    FromVault,
    Lines,
    Ready,
    Report,
    Request,
    TalkError,
    ToVault,
    parse_from_vault,
    parse_to_vault,
    shorten,
    write_line,
)

TO_VAULT: tuple[ToVault, ...] = (
    Request(7, '{"payload": "é\n"}'),
    Delivered("pole-1-0001"),
    Drop(2**64 - 1, "pole-1-0001"),
)
FROM_VAULT: tuple[FromVault, ...] = (
    Answer(7, "refused", "it is only 10:00 here"),
    Report("pole-1-0001", "cutting", ""),
    Ready("pole-1-0001", 5_000_000, "ab" * 32),
)


@pytest.mark.parametrize("said", TO_VAULT)
def test_what_the_link_says_comes_through(said: ToVault) -> None:
    (line,) = Lines().feed(write_line(said))
    assert parse_to_vault(line) == said


@pytest.mark.parametrize("said", FROM_VAULT)
def test_what_the_vault_says_comes_through(said: FromVault) -> None:
    (line,) = Lines().feed(write_line(said))
    assert parse_from_vault(line) == said


def test_lines_come_whole_whatever_the_pieces() -> None:
    stream = b"".join(write_line(said) for said in TO_VAULT)
    lines, found = Lines(), []
    for place in range(len(stream)):
        found += lines.feed(stream[place : place + 1])
    assert [parse_to_vault(line) for line in found] == list(TO_VAULT)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"say": "ready"}',
        b'{"say": "open", "clip": "a"}',
        b'{"say": "delivered", "clip": "../../etc/passwd"}',
        b'{"say": "delivered", "clip": "a", "more": 1}',
        b'{"say": "delivered", "say": "drop", "clip": "a"}',
        b'{"say": "request", "command": 0, "envelope": "x"}',
        b'{"say": "request", "command": 1.5, "envelope": "x"}',
        json.dumps({"say": "request", "command": 1, "envelope": "x" * 8_193}).encode(),
        b'{"say": "request", "command": 1, "envelope": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_anything_else_from_the_link_is_refused(line: bytes) -> None:
    with pytest.raises(TalkError):
        parse_to_vault(line)


def test_a_wrong_hash_is_called_by_its_name() -> None:
    line = b'{"say": "ready", "clip": "a", "sealed_bytes": 1, "sealed_blake3": "00"}'
    with pytest.raises(TalkError, match=r"sealed_blake3: .* allowed: a BLAKE3, 64 digits"):
        parse_from_vault(line)


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    lines = Lines()
    lines.feed(b"x" * MAX_LINE_BYTES)
    with pytest.raises(TalkError, match="a line is over"):
        lines.feed(b"x")


def test_a_long_sentence_is_shortened_to_one_line() -> None:
    short = shorten("a\nb" + "c" * 300)
    assert len(short) == 240
    assert short.startswith("a b")
    assert short.endswith("…")
