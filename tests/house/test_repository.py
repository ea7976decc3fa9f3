"""What must never be in the repository."""

import re

from tests.house.sources import REPOSITORY, tracked_files

MAX_FILE_BYTES = 1_000_000
FOOTAGE_AND_WEIGHTS = (".mp4", ".avi", ".mkv", ".jpg", ".jpeg", ".tflite", ".onnx", ".pb", ".bin")
# Written in pieces so that this file does not contain what it forbids.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"(deb\.debian|security\.debian|pyp" + r"i|files\.pythonhosted)\.org",
            r"registry\.npm" + "js",
            "/wo" + r"rk/(main|shared|steering|\.)",
            "/tmp/vi" + "gie",
            "-----BEGIN [A-Z ]*PRIVATE" + " KEY",
        ]
    )
)


def _text(name: str) -> str:
    return (REPOSITORY / name).read_text(errors="replace")


def test_no_file_names_a_registry_or_this_machine_or_holds_a_key() -> None:
    assert [name for name in tracked_files() if FORBIDDEN.search(_text(name))] == []


def test_no_footage_and_no_weights_are_kept() -> None:
    assert [name for name in tracked_files() if name.endswith(FOOTAGE_AND_WEIGHTS)] == []


def test_no_file_is_large() -> None:
    sizes = {name: (REPOSITORY / name).stat().st_size for name in tracked_files()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_BYTES} == {}


def test_every_program_in_tools_can_be_run() -> None:
    programs = [
        name
        for name in tracked_files()
        if name.startswith(("tools/", ".ci/")) and _text(name).startswith("#!")
    ]
    assert [name for name in programs if not (REPOSITORY / name).stat().st_mode & 0o111] == []
