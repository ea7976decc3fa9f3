"""A link in an attacker's hands, run as the link's user: JSON of acts in, what came of them out.

talk: say lines to the vault and return its answer to each, `code: message`.
hoard: read every file below some folders that this user can read, and name those that hold a mark.
put: write a file where the link may write.
remove: remove all files of a folder.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_WITHIN_SECONDS = 30.0


def _talk(path: str, lines: Sequence[str]) -> list[str]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_WITHIN_SECONDS)
        line.connect(path)
        with line.makefile("rb") as heard:
            return [_answer(line, heard, said) for said in lines]


def _answer(line: socket.socket, heard: Iterator[bytes], said: str) -> str:
    line.sendall(said.encode() + b"\n")
    command = json.loads(said)["command"]
    for word in heard:
        told = json.loads(word)
        if told["say"] == "answer" and told["command"] == command:
            return f"{told['code']}: {told['message']}"
    return "hung up"


def _hoard(folders: Sequence[str], marks: Sequence[str]) -> list[str]:
    wanted = [bytes.fromhex(mark) for mark in marks]
    held, names = [], []
    for folder in folders:
        for place, _, files in os.walk(folder):
            names += [Path(place, name) for name in files]
    for path in names:
        try:
            content = path.read_bytes() if path.is_file() else b""
        except OSError:
            continue
        if any(mark in content for mark in wanted):
            held.append(str(path))
    return [f"{len(names)} files seen", *held]


def _put(path: str, content: str) -> list[str]:
    fresh = Path(path + ".new")
    fresh.write_text(content)
    fresh.chmod(0o644)
    fresh.replace(path)
    return ["put"]


def _remove(folder: str) -> list[str]:
    found = list(Path(folder).iterdir())
    for path in found:
        path.unlink()
    return [f"{len(found)} removed"]


_ACTS: dict[str, Callable[..., list[str]]] = {
    "talk": _talk,
    "hoard": _hoard,
    "put": _put,
    "remove": _remove,
}


def main() -> None:
    """Do one act."""
    act, *told = json.load(sys.stdin)
    json.dump(_ACTS[act](*told), sys.stdout)


if __name__ == "__main__":
    main()
