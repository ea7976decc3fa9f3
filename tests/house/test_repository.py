"""What must never be in the repository."""

import re

from edge.eye.detector.library import CARD_FILE, sha256_of
from edge.eye.detector.reading import read_card
from tests.house.sources import REPOSITORY, tracked_files

MAX_FILE_BYTES = 1_000_000
# This project's own detectors lie beside their cards; nobody else's weights are kept.
OWN_WEIGHTS = re.compile(r"models/street-[a-z]+/street-[a-z]+\.tflite")
MAX_WEIGHTS_BYTES = 2_200_000
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
    kept = [name for name in tracked_files() if name.endswith(FOOTAGE_AND_WEIGHTS)]
    assert [name for name in kept if not OWN_WEIGHTS.fullmatch(name)] == []


def test_weights_that_are_kept_are_their_cards_and_small() -> None:
    for name in filter(OWN_WEIGHTS.fullmatch, tracked_files()):
        file = REPOSITORY / name
        card = read_card(file.with_name(CARD_FILE))
        assert (card.file, card.sha256) == (file.name, sha256_of(file))
        assert file.stat().st_size <= MAX_WEIGHTS_BYTES
        assert file.with_name("NOTICE").is_file()


def test_no_file_is_large() -> None:
    sizes = {name: (REPOSITORY / name).stat().st_size for name in tracked_files()}
    large = {name: size for name, size in sizes.items() if size > MAX_FILE_BYTES}
    assert [name for name in large if not OWN_WEIGHTS.fullmatch(name)] == []


def test_every_program_in_tools_can_be_run() -> None:
    programs = [
        name
        for name in tracked_files()
        if name.startswith(("tools/", ".ci/")) and _text(name).startswith("#!")
    ]
    assert [name for name in programs if not (REPOSITORY / name).stat().st_mode & 0o111] == []
