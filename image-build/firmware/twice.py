"""A second build of the same inputs, and what of it is not the same."""

import filecmp
import json
from collections.abc import Iterator
from pathlib import Path

from edge.errors import Kind, VigieError
from firmware.building import Build

# A signature names its moment and draws numbers; bundles are compared by what they carry instead.
SIGNED = ".raucb"
_MOST_NAMED = 20


def check_same(first: Path, second: Path, builds: tuple[Build, Build]) -> list[str]:
    """Compare two manifests; returns the files that differ and may.

    Raises VigieError(DATA_LOSS) with everything that differs and may not, down to the root's files.
    """
    differing = list(differences(json.loads(first.read_text()), json.loads(second.read_text())))
    wrong = [name for name in differing if not name.endswith(SIGNED)]
    if wrong:
        inside = list(differing_files(builds[0].root, builds[1].root))[:_MOST_NAMED]
        raise VigieError(
            Kind.DATA_LOSS,
            "two builds of the same inputs differ in " + ", ".join(wrong),
            hint="In the root: " + (", ".join(inside) or "no file's content; look at modes"),
        )
    return differing


def differences(first: object, second: object, name: str = "") -> Iterator[str]:
    """The leaves in which two records differ, by the names above them; hashes by their file."""
    if isinstance(first, dict) and isinstance(second, dict):
        if {"sha256", "size_bytes"} == first.keys() | second.keys():
            if first != second:
                yield name
            return
        for key in sorted(first.keys() | second.keys()):
            yield from differences(first.get(key), second.get(key), f"{name}/{key}".lstrip("/"))
    elif first != second:
        yield name


def differing_files(first: Path, second: Path, below: Path = Path()) -> Iterator[str]:
    """Files of two trees whose contents differ, or that only one has."""
    compared = filecmp.dircmp(first / below, second / below)
    for name in sorted((*compared.left_only, *compared.right_only)):
        yield str(below / name)
    for name in sorted(compared.common_files):
        paths = (first / below / name, second / below / name)
        if not any(path.is_symlink() for path in paths) and not filecmp.cmp(*paths, shallow=False):
            yield str(below / name)
    for name in sorted(compared.common_dirs):
        if not (first / below / name).is_symlink():
            yield from differing_files(first, second, below / name)
