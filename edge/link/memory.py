"""The link's own memory across restarts: how the last commands were answered."""

import base64
import binascii
from pathlib import Path

from google.protobuf.message import DecodeError

from edge.link.ledger import Ledger
from edge.whole_file import write_private
from edge.wire.v1 import session_pb2

FILE_NAME = "answers.txt"


def read_ledger(directory: Path) -> Ledger:
    """The ledger as last written; a line that is damaged is left out, its command done again."""
    try:
        lines = (directory / FILE_NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return Ledger()
    answers = []
    for line in lines:
        try:
            answers.append(session_pb2.Answer.FromString(base64.b64decode(line, validate=True)))
        except (binascii.Error, DecodeError):
            continue
    return Ledger(answers)


def write_ledger(directory: Path, ledger: Ledger) -> None:
    """Replace what is on disk; returns when it is there. Raises OSError."""
    lines = [base64.b64encode(answer.SerializeToString()) for answer in ledger.answers]
    write_private(directory / FILE_NAME, b"\n".join(lines) + b"\n")
