"""Taking in a model file by path or over HTTP: only bytes of the stated SHA-256, whole or not."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from edge.builder.adding import add_model
from edge.builder.build import DOWNLOADS
from edge.errors import Kind, VigieError
from edge.eye.detector import Library
from edge.eye.detector.library import State, shipped_cards_dir

CONTENT = b"a model of somebody else" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER_SHA256 = "0" * 64
CUT_BYTES = 7_000  # CONTENT is 24,000


class _Shelf(BaseHTTPRequestHandler):
    """Serves CONTENT in the ways that `vigie models add` must get along with.

    /model: whole, parts on request. /plain: whole, never parts. /cut: at most CUT_BYTES a time.
    /once: the same, but never parts. /other: another file. Keeps the ranges that it was asked for.
    offered: other files, by their path.
    """

    asked: ClassVar[list[str]] = []
    offered: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.asked.append(f"{self.path} {wanted}".strip())
        if self.path == "/nothing":
            self.send_error(404, "Not Found")
            return
        content = b"another" * 5000 if self.path == "/other" else CONTENT
        content = self.offered.get(self.path, content)
        gives_parts = self.path not in {"/plain", "/once"} and wanted
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if gives_parts else 0
        if first >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if gives_parts else 200)
        if gives_parts:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        is_cut = self.path in {"/cut", "/once"}
        self.wfile.write(content[first : first + CUT_BYTES] if is_cut else content[first:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def shelf() -> Iterator[str]:
    _Shelf.asked.clear()
    _Shelf.offered.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shelf) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card for CONTENT, as a user would write one."""
    text = (shipped_cards_dir() / "ssd-v1-uint8" / "card.toml").read_text()
    lines: list[str] = []
    for line in text.splitlines():
        key = line.split(" = ", maxsplit=1)[0]
        value = {"name": '"own"', "file": '"own.tflite"', "sha256": f'"{SHA256}"'}
        value["size_bytes"] = str(len(CONTENT))
        is_root = key in value and not any(each.startswith("[") for each in lines)
        lines.append(f"{key} = {value[key]}" if is_root else line)
    path = tmp_path / "own.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models")


def _quiet(message: str) -> None:
    assert message.startswith("vigie: ")


def _refused(source: str, sha256: str, card: Path | None, library: Library) -> VigieError:
    with pytest.raises(VigieError) as refused:
        add_model(source, sha256, card, library, _quiet)
    assert not library.models_dir.exists()
    return refused.value


def test_a_file_with_its_card_becomes_a_model(tmp_path: Path, card: Path, library: Library) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    place = add_model(str(tmp_path / "file"), SHA256, card, library, _quiet)
    assert place.read_bytes() == CONTENT
    assert library.state(library.card("own")) is State.BUILT
    assert sorted(path.name for path in place.parent.iterdir()) == ["card.toml", "own.tflite"]


def test_an_address_is_fetched(shelf: str, card: Path, library: Library) -> None:
    said: list[str] = []
    place = add_model(f"{shelf}/model", SHA256, card, library, said.append)
    assert place.read_bytes() == CONTENT
    assert said == [f"vigie: fetching {shelf}/model"]


def test_a_shipped_card_is_found_by_its_sum(shared_dir: Path, library: Library) -> None:
    file = shared_dir / "models" / "ssd_mobilenet_v1_coco_uint8_post.tflite"
    card = library.card("ssd-v1-uint8")
    add_model(str(file), card.sha256, None, library, _quiet)
    assert library.state(card) is State.BUILT


def test_a_card_that_says_where_its_file_is_offered_needs_only_its_name(
    shared_dir: Path, shelf: str, tmp_path: Path, library: Library
) -> None:
    content = (shared_dir / "models" / "yolox_nano_416.onnx").read_bytes()
    _Shelf.offered["/yolox_nano.onnx"] = content
    shipped = library.card("yolox-nano")
    assert shipped.address is not None
    # The file at hand is a later export than the publisher's, so its size and sum are its own.
    text = (shipped_cards_dir() / "yolox-nano" / "card.toml").read_text()
    for before, after in (
        (shipped.sha256, hashlib.sha256(content).hexdigest()),
        (str(shipped.size_bytes), str(len(content))),
        (shipped.address, f"{shelf}/yolox_nano.onnx"),
    ):
        text = text.replace(before, after)
    (library.models_dir / "yolox-nano").mkdir(parents=True)
    (library.models_dir / "yolox-nano" / "card.toml").write_text(text)
    place = add_model("yolox-nano", None, None, library, _quiet)
    assert place.read_bytes() == content
    assert library.state(library.card("yolox-nano")) is State.BUILT


def test_a_name_that_offers_nothing_needs_a_sum(library: Library) -> None:
    with pytest.raises(VigieError) as refused:
        add_model("ssd-v1-uint8", None, None, library, _quiet)
    assert (refused.value.kind, refused.value.hint) == (
        Kind.INVALID_ARGUMENT,
        "State it: --sha256 HEX",
    )


def test_a_name_with_another_sum_than_its_card_is_refused(library: Library) -> None:
    refused = _refused("yolox-nano", OTHER_SHA256, None, library)
    assert refused.kind is Kind.INVALID_ARGUMENT


def test_another_file_than_the_sum_says_is_refused(
    tmp_path: Path, card: Path, library: Library
) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused = _refused(str(tmp_path / "file"), SHA256, card, library)
    nothing = hashlib.sha256(b"").hexdigest()
    assert refused.kind is Kind.DATA_LOSS
    assert str(refused) == (
        f"{tmp_path}/file: the file's sha256 is {nothing}, not {SHA256}\n"
        "  Nothing was added. Fetch the file again or check the sum you were given."
    )


def test_a_download_that_is_cut_goes_on_where_it_was(
    shelf: str, card: Path, library: Library
) -> None:
    told: list[tuple[int, int | None]] = []
    place = add_model(
        f"{shelf}/cut",
        SHA256,
        card,
        library,
        _quiet,
        report=lambda done, total: told.append((done, total)),
    )
    assert place.read_bytes() == CONTENT
    assert _Shelf.asked == ["/cut", *(f"/cut bytes={at}-" for at in (7000, 14000, 21000))]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert _parts(library) == []


def test_what_an_earlier_command_fetched_is_not_fetched_again(
    shelf: str, card: Path, library: Library
) -> None:
    _keep(library, CONTENT[:1000])
    add_model(f"{shelf}/model", SHA256, card, library, _quiet)
    assert _Shelf.asked == ["/model bytes=1000-"]
    assert _parts(library) == []


def test_a_part_that_is_already_whole_is_taken(shelf: str, card: Path, library: Library) -> None:
    _keep(library, CONTENT)
    assert add_model(f"{shelf}/model", SHA256, card, library, _quiet).read_bytes() == CONTENT
    assert _Shelf.asked == [f"/model bytes={len(CONTENT)}-"]


def test_a_part_larger_than_the_file_is_thrown_away(
    shelf: str, card: Path, library: Library
) -> None:
    _keep(library, CONTENT + b"more")
    assert add_model(f"{shelf}/model", SHA256, card, library, _quiet).read_bytes() == CONTENT


def test_a_server_that_gives_no_parts_is_asked_for_the_whole(
    shelf: str, card: Path, library: Library
) -> None:
    _keep(library, CONTENT[:1000])
    assert add_model(f"{shelf}/plain", SHA256, card, library, _quiet).read_bytes() == CONTENT


def test_a_download_that_does_not_get_on_is_kept_and_told(
    shelf: str, card: Path, library: Library
) -> None:
    with pytest.raises(VigieError) as refused:
        add_model(f"{shelf}/once", SHA256, card, library, _quiet)
    assert refused.value.kind is Kind.UNAVAILABLE
    assert str(refused.value) == (
        f"{shelf}/once: the download was cut off after 0.0 MB\n"
        "  Give the same command again: it goes on from there if the server can."
    )
    assert _parts(library) == [CUT_BYTES]


def test_a_part_of_another_file_is_refused_at_the_end_and_removed(
    shelf: str, card: Path, library: Library
) -> None:
    _keep(library, b"x" * 1000)
    with pytest.raises(VigieError, match="the file's sha256 is") as refused:
        add_model(f"{shelf}/model", SHA256, card, library, _quiet)
    assert refused.value.kind is Kind.DATA_LOSS
    assert _parts(library) == []
    assert add_model(f"{shelf}/model", SHA256, card, library, _quiet).read_bytes() == CONTENT


def _keep(library: Library, content: bytes) -> None:
    """What an earlier command that was cut off left."""
    part = library.models_dir / DOWNLOADS / f"{SHA256}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(content)


def _parts(library: Library) -> list[int]:
    """Sizes of what is kept of downloads."""
    return [path.stat().st_size for path in (library.models_dir / DOWNLOADS).iterdir()]


def test_an_address_that_has_nothing_is_named(shelf: str, card: Path, library: Library) -> None:
    refused = _refused(f"{shelf}/nothing", SHA256, card, library)
    assert refused.kind is Kind.UNAVAILABLE
    assert str(refused) == (
        f"{shelf}/nothing: the address does not answer: Not Found\n"
        "  Check the network, or fetch the file elsewhere and add it by its path."
    )


def test_an_address_of_another_kind_is_refused(card: Path, library: Library) -> None:
    assert str(_refused("ftp://example.org/model", SHA256, card, library)) == (
        "'ftp://example.org/model' is no address to download from\n"
        "  Give a file, or an address that begins with https://"
    )


def test_a_card_for_another_file_is_refused(card: Path, library: Library) -> None:
    assert str(_refused("file", OTHER_SHA256, card, library)) == (
        f"{card}: the card of 'own' is for the file with sha256 {SHA256}\n"
        "  Write a card for this file, or add the file that the card names."
    )


def test_a_sum_that_no_shipped_card_has_needs_a_card(library: Library) -> None:
    assert str(_refused("file", OTHER_SHA256, None, library)) == (
        f"no shipped card is for a file with sha256 {OTHER_SHA256}\n"
        "  Give the model's card: --card CARD.toml"
    )


def test_a_file_that_is_not_there_is_named(card: Path, library: Library) -> None:
    assert str(_refused("no-such-file", SHA256, card, library)) == (
        "no-such-file: the file cannot be read: No such file or directory\n  Check the path."
    )
