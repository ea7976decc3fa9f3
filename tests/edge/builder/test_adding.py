"""Taking in a model file by path or over HTTP: only bytes of the stated SHA-256, whole or not."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.builder.adding import add_model
from edge.errors import Kind, VigieError
from edge.eye.detector import Library
from edge.eye.detector.library import State, shipped_cards_dir

CONTENT = b"a model of somebody else" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER_SHA256 = "0" * 64


class _Shelf(BaseHTTPRequestHandler):
    """Serves /model whole, /cut short of what it announces, and nothing else."""

    def do_GET(self) -> None:
        if self.path not in {"/model", "/cut"}:
            self.send_error(404, "Not Found")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/model" else CONTENT[:100])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def shelf() -> Iterator[str]:
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


def test_a_download_that_is_cut_off_is_refused(shelf: str, card: Path, library: Library) -> None:
    assert _refused(f"{shelf}/cut", SHA256, card, library).kind in {
        Kind.DATA_LOSS,
        Kind.UNAVAILABLE,
    }


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
