"""What link and vault say to each other about clips: one JSON object a line, and where files lie.

    link -> vault   request (the signed envelope, unread), delivered, drop
    vault -> link   answer (to a command), report (how a clip goes on), ready (it waits in outgoing)

The link understands none of what it carries. The vault believes no line: a request is verified,
and the rest can at worst delay or lose a clip, which the collector sees. After a new connection
the vault says again what is not delivered. Every line is checked in full and bounded.

    DATA/doors/clips/clips.sock        the vault listens, the link connects
    DATA/outgoing/NAME.sealed          the sealed clip
    DATA/outgoing/NAME.manifest.json   its manifest's envelope; put there last
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

from edge.errors import Kind
from edge.wire.fields import Fields
from edge.wire.identifiers import is_clip_name
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

MAX_LINE_BYTES = 160 * 1024
MAX_ENVELOPE_CHARS = 8_192
MAX_MESSAGE_CHARS = 240
_MAX_COMMAND = 2**64 - 1

AnswerWord = Literal["done", "refused", "failed"]
StateWord = Literal["cutting", "refused", "failed"]
_ANSWERS: tuple[AnswerWord, ...] = ("done", "refused", "failed")
_STATES: tuple[StateWord, ...] = ("cutting", "refused", "failed")


class TalkError(ProblemsError):
    """A line that means nothing here; the connection that it came over is of no use."""

    def __str__(self) -> str:
        # It goes into a log, where a line is a line.
        return self.what


@dataclass(frozen=True, slots=True)
class Request:
    """Cut a clip. command: the collector's id of it; envelope: as it came."""

    command: int
    envelope: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The collector has all of a clip."""

    clip: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody wants a clip any more."""

    command: int
    clip: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command went. message: one sentence for a person; may be empty."""

    command: int
    code: AnswerWord
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """How a clip goes on."""

    clip: str
    state: StateWord
    message: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A clip waits in outgoing. sealed_bytes, sealed_blake3: of the file (hexadecimal)."""

    clip: str
    sealed_bytes: int
    sealed_blake3: str


ToVault = Request | Delivered | Drop
FromVault = Answer | Report | Ready
Said = TypeVar("Said", bound=ToVault | FromVault)
_WORDS: dict[type[ToVault | FromVault], str] = {
    Request: "request",
    Delivered: "delivered",
    Drop: "drop",
    Answer: "answer",
    Report: "report",
    Ready: "ready",
}


def clips_socket_path(data: Path) -> Path:
    """Where the vault listens for the link."""
    return data / "doors" / "clips" / "clips.sock"


def outgoing_folder(data: Path) -> Path:
    """Where sealed clips wait for the link."""
    return data / "outgoing"


def sealed_path(data: Path, clip: str) -> Path:
    """The sealed clip of a name that was checked."""
    return outgoing_folder(data) / f"{clip}.sealed"


def manifest_path(data: Path, clip: str) -> Path:
    """The manifest of a name that was checked."""
    return outgoing_folder(data) / f"{clip}.manifest.json"


def write_line(said: ToVault | FromVault) -> bytes:
    """One line with its end."""
    record = {"say": _WORDS[type(said)], **asdict(said)}
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def shorten(message: str) -> str:
    """As much of a sentence as fits into an answer, on one line."""
    line = "".join(letter if letter.isprintable() else " " for letter in message)
    return line if len(line) <= MAX_MESSAGE_CHARS else line[: MAX_MESSAGE_CHARS - 1] + "…"


def parse_to_vault(line: bytes) -> ToVault:
    """What the link said. Raises TalkError."""
    fields, word = _read(line)
    match word:
        case "request":
            envelope = fields.letter("envelope", longest=MAX_ENVELOPE_CHARS)
            return _end(fields, Request(_command(fields), envelope))
        case "delivered":
            return _end(fields, Delivered(_clip(fields)))
        case "drop":
            return _end(fields, Drop(_command(fields), _clip(fields)))
    raise TalkError(Kind.INVALID_ARGUMENT, f"the link says '{word}', which means nothing here")


def parse_from_vault(line: bytes) -> FromVault:
    """What the vault said. Raises TalkError."""
    fields, word = _read(line)
    match word:
        case "answer":
            code = fields.word("code", _ANSWERS) or "failed"
            return _end(fields, Answer(_command(fields), code, _message(fields)))
        case "report":
            state = fields.word("state", _STATES) or "failed"
            return _end(fields, Report(_clip(fields), state, _message(fields)))
        case "ready":
            size_bytes = fields.whole("sealed_bytes", least=1)
            digest = fields.blake3("sealed_blake3")
            return _end(fields, Ready(_clip(fields), size_bytes, digest))
    raise TalkError(Kind.INVALID_ARGUMENT, f"the vault says '{word}', which means nothing here")


class Lines:
    """Makes lines out of the bytes of one connection, whatever pieces they come in."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Every line that is complete now, without its end. Raises TalkError for a longer one."""
        self._waiting += received
        *whole, rest = self._waiting.split(b"\n")
        if len(rest) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in whole):
            raise TalkError(Kind.INVALID_ARGUMENT, f"a line is over {MAX_LINE_BYTES} bytes")
        self._waiting = bytearray(rest)
        return [bytes(line) for line in whole]


def _read(line: bytes) -> tuple[Fields, str]:
    record = parse_object(line, what="the line", max_bytes=MAX_LINE_BYTES, refusal=TalkError)
    fields = Fields(record, path="line")
    word = fields.text("say", longest=16)
    fields.raise_problems(TalkError)
    return fields, word


def _command(fields: Fields) -> int:
    return fields.whole("command", least=1, most=_MAX_COMMAND)


def _clip(fields: Fields) -> str:
    clip = fields.text("clip", longest=64)
    if clip and not is_clip_name(clip):
        fields.wrong("clip", "is no name of a clip: letters, digits, - and _ are")
    return clip


def _message(fields: Fields) -> str:
    return fields.text("message", shortest=0, longest=MAX_MESSAGE_CHARS)


def _end(fields: Fields, said: Said) -> Said:
    fields.close()
    fields.raise_problems(TalkError)
    return said
