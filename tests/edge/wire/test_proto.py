"""The .proto files: linted, compatible with the last release, their stubs current, their bounds."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from edge.wire import bounds
from edge.wire.v1 import event_pb2, update_pb2

# The only message file that may ever carry more than MAX_STATED_BYTES in a field: sealed clips.
CLIP_FILE = "edge/wire/v1/clip.proto"
# And the only fields: a piece of an update, which a pole receives and never sends, and how the
# control room brings it to the collector.
BUNDLE_FIELDS = {
    "edge.wire.v1.FetchBundleResponse.bundle",
    "edge.wire.v1.SendBundleRequest.piece",
}
NO_PICTURE_FITS = 256
PROGRAMS = Path(sys.executable).parent


def descriptors(repository: Path) -> Iterator[Descriptor]:
    """Every message of every .proto file, nested ones too."""
    for path in sorted((repository / "proto" / "edge" / "wire" / "v1").glob("*.proto")):
        module = importlib.import_module(f"edge.wire.v1.{path.stem}_pb2")
        waiting = list(module.DESCRIPTOR.message_types_by_name.values())
        while waiting:
            descriptor = waiting.pop()
            waiting.extend(descriptor.nested_types)
            yield descriptor


def fields_outside_clips(repository: Path) -> Iterator[FieldDescriptor]:
    for descriptor in descriptors(repository):
        if descriptor.file.name != CLIP_FILE:
            yield from descriptor.fields


def buf(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAMS / "buf"), *arguments],
        cwd=repository / "proto",
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_files_pass_the_linter(repository: Path) -> None:
    answer = buf(repository, "lint")
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_files_break_nothing_of_the_last_release(repository: Path) -> None:
    answer = buf(repository, "breaking", "--against", "last-release.binpb")
    assert (answer.returncode, answer.stdout) == (0, "")


def test_a_changed_field_number_is_a_break(repository: Path, tmp_path: Path) -> None:
    """The check itself is alive."""
    copy = tmp_path / "proto" / "edge" / "wire" / "v1"
    copy.mkdir(parents=True)
    for path in (repository / "proto" / "edge" / "wire" / "v1").glob("*.proto"):
        (copy / path.name).write_text(
            path.read_text().replace("uint32 rule = 2;", "uint32 rule = 40;")
        )
    answer = buf(
        repository,
        "breaking",
        str(tmp_path / "proto"),
        "--against",
        str(repository / "proto" / "last-release.binpb"),
    )
    assert answer.returncode == 100
    assert "rule" in answer.stdout


def test_the_stubs_are_current(repository: Path, tmp_path: Path) -> None:
    subprocess.run(
        [str(repository / "tools" / "proto"), str(tmp_path)],
        env={**os.environ, "VIGIE_BIN": str(PROGRAMS)},
        check=True,
        capture_output=True,
    )
    made = {path.name: path.read_text() for path in (tmp_path / "edge/wire/v1").iterdir()}
    committed = {name: (repository / "edge" / "wire" / "v1" / name).read_text() for name in made}
    assert made == committed, "run tools/proto and commit what it writes"


def test_no_message_outside_the_clip_file_can_carry_a_picture(repository: Path) -> None:
    seen = 0
    for field in fields_outside_clips(repository):
        if field.type == FieldDescriptor.TYPE_BYTES and field.full_name not in BUNDLE_FIELDS:
            seen += 1
            assert 1 <= bounds.max_bytes(field) <= NO_PICTURE_FITS, field.full_name
            assert not field.is_repeated, field.full_name
    assert seen >= 3


def test_a_piece_of_an_update_only_ever_comes_down(repository: Path) -> None:
    (service,) = update_pb2.DESCRIPTOR.services_by_name.values()
    carriers = [
        method for method in service.methods if method.output_type.name == "FetchBundleResponse"
    ]
    assert [method.name for method in carriers] == ["FetchBundle"]
    assert all(method.input_type.name != "FetchBundleResponse" for method in service.methods)
    for descriptor in descriptors(repository):
        held = [field.message_type for field in descriptor.fields if field.message_type is not None]
        assert all(each.name != "FetchBundleResponse" for each in held), descriptor.full_name


def test_every_text_states_its_size_and_none_is_repeated(repository: Path) -> None:
    for field in fields_outside_clips(repository):
        if field.type == FieldDescriptor.TYPE_STRING:
            assert bounds.max_bytes(field) >= 1, field.full_name
            assert not field.is_repeated, field.full_name


def test_no_message_hides_bytes_in_a_map_or_an_any(repository: Path) -> None:
    for descriptor in descriptors(repository):
        assert not descriptor.GetOptions().map_entry, descriptor.full_name
        for field in descriptor.fields:
            if field.message_type is not None:
                assert field.message_type.file.package == "edge.wire.v1", field.full_name


def test_zero_means_unspecified_in_every_enum(repository: Path) -> None:
    for path in (repository / "proto" / "edge" / "wire" / "v1").glob("*.proto"):
        module = importlib.import_module(f"edge.wire.v1.{path.stem}_pb2")
        for enum in module.DESCRIPTOR.enum_types_by_name.values():
            assert enum.values_by_number[0].name.endswith("_UNSPECIFIED"), enum.full_name


@pytest.mark.parametrize("number", [93, 999, 2**31 - 1])
def test_an_unknown_number_survives_parsing_and_writing(number: int) -> None:
    rule = event_pb2.Rule(name="later")
    rule.function = number  # type: ignore[assignment]
    again = event_pb2.Rule.FromString(rule.SerializeToString())
    assert again.function == number
    assert again.SerializeToString() == rule.SerializeToString()


def test_an_unknown_field_survives_parsing_and_writing() -> None:
    newer = event_pb2.Event(rule=1, phase=event_pb2.PHASE_START).SerializeToString()
    newer += b"\xc2\x3e\x03new"  # field 1000, text
    assert event_pb2.Event.FromString(newer).SerializeToString() == newer
