"""The link's side of DATA/mandate/: it puts there what it was given, and reads what rooms ask.

The link believes nothing of it and needs no key. Eye and vault verify everything themselves.
"""

import re
from pathlib import Path

from edge.mandate.places import INCOMING_PATTERN, incoming_folder, question_paths, time_answers_path
from edge.mandate.problem import MandateError
from edge.mandate.time_statement import (
    MAX_ANSWERS,
    MAX_ANSWERS_BYTES,
    NONCE_BYTES,
    TimeAnswer,
    load_answers,
    write_answers,
)
from edge.whole_file import read_bounded, write_whole

MAX_INCOMING = 64
"""The newest so many envelopes are kept; rooms have taken older ones within a second."""
_NUMBER = re.compile(r"incoming-(\d+)\.json")


def write_incoming(data: Path, envelope: bytes) -> Path:
    """Put a mandate or a revocation where the rooms find it. Harmless twice. Raises OSError."""
    folder = incoming_folder(data)
    numbered = sorted(
        (int(found[1]), path)
        for path in (folder.glob(INCOMING_PATTERN) if folder.is_dir() else ())
        if (found := _NUMBER.fullmatch(path.name))
    )
    for _, path in numbered:
        if read_bounded(path, len(envelope)) == envelope:
            return path
    for _, path in numbered[: max(0, len(numbered) + 1 - MAX_INCOMING)]:
        path.unlink(missing_ok=True)
    number = numbered[-1][0] + 1 if numbered else 1
    written = folder / f"incoming-{number:06}.json"
    _put(written, envelope)
    return written


def read_time_questions(data: Path) -> tuple[bytes, ...]:
    """The nonces that eye and vault wait for, 16 bytes each; none is in the answers already."""
    found = []
    for path in question_paths(data):
        text = (read_bounded(path, 2 * NONCE_BYTES + 1) or b"").decode(errors="replace").strip()
        if re.fullmatch(r"[0-9a-f]{32}", text):
            found.append(bytes.fromhex(text))
    answered = {answer.nonce for answer in read_time_answers(data)}
    return tuple(nonce for nonce in found if nonce not in answered)


def write_time_answer(data: Path, answer: TimeAnswer) -> None:
    """Put an answer beside the last few. Raises OSError."""
    kept = [each for each in read_time_answers(data) if each.nonce != answer.nonce]
    answers = (*kept, answer)[-MAX_ANSWERS:]
    _put(time_answers_path(data), write_answers(answers))


def read_time_answers(data: Path) -> tuple[TimeAnswer, ...]:
    """The answers that lie there; none where the file is missing or no such file."""
    content = read_bounded(time_answers_path(data), MAX_ANSWERS_BYTES)
    if content is None:
        return ()
    try:
        return load_answers(content)
    except MandateError:
        return ()


def _put(path: Path, content: bytes) -> None:
    """Where eye and vault, who are other users, can read it: nothing in it is secret."""
    write_whole(path, content, mode=0o644)
    path.parent.chmod(0o755)
