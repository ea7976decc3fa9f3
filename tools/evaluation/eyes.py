"""What is measured: a card's model here, a peer's in its own environment, either one in tiles."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from edge.errors import Kind, VigieError
from edge.eye.detections import Detections
from edge.eye.detector import Card, Detector, Library
from edge.eye.detector.library import CARD_FILE, sha256_of
from edge.eye.detector.reading import read_card
from edge.eye.detector.runtime import open_runtime
from tools.evaluation.detection import Find
from tools.evaluation.layout import Picture
from tools.evaluation.tiles import find_in_tiles

# Curves need the low scores too; what a card itself reports is cut out of this afterwards.
SCORE_MIN = 0.01
BOXES_MAX = 300
REPOSITORY = Path(__file__).resolve().parents[2]
PEER_PYTHON = Path(".venv-peers") / "bin" / "python"
# What decides which boxes an unchanged model gives.
DECIDING = sorted((REPOSITORY / "edge" / "eye" / "detector").rglob("*.py"))
YOLOX_CARD = REPOSITORY / "models" / "yolox-nano" / CARD_FILE
YOLOX_FILES = "yolox*nano*.onnx"
CROSSROAD = "crossroad 1024"
CROSSROAD_FILE = "person-vehicle-bike-detection-crossroad-0078.xml"
# The net's publisher shows its results at a score of one half.
CROSSROAD_SCORE_MIN = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Eye:
    """One column of the tables.

    sha256: of the model's file. key: changes with everything that changes its boxes.
    score_min: what it reports in service. start: gives what finds, at scores from SCORE_MIN up.
    """

    name: str
    sha256: str
    key: str
    score_min: float
    start: Callable[[], contextlib.AbstractContextManager[Find]]


def card_eyes(names: list[str], models: Path) -> Iterator[Eye]:
    """An eye for each card: its name in the library, or the path of a card beside its file."""
    for card, content in _cards(names, models):
        yield Eye(
            card.name,
            card.sha256,
            _key(card.sha256, repr(dataclasses.replace(card, path=Path(), score_min=0.0))),
            card.score_min,
            functools.partial(_start, card, content),
        )


def detectors(names: list[str], models: Path) -> Iterator[Detector]:
    """The detectors of the same cards, as they are in service."""
    for card, content in _cards(names, models):
        yield Detector(card, open_runtime(card.runtime, content, 1))


def peer_eyes(folder: Path) -> Iterator[Eye]:
    """The peers whose files are in a folder. Raises: VigieError FAILED_PRECONDITION."""
    python = REPOSITORY / PEER_PYTHON
    if not python.exists():
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the peers' environment is not there",
            where=str(python),
            hint="make .cache/peers-environment",
        )
    card = read_card(YOLOX_CARD)
    for model in sorted(folder.glob(YOLOX_FILES)):
        words = [str(YOLOX_CARD), str(model), str(SCORE_MIN), str(BOXES_MAX)]
        yield _peer("yolox-nano float", model, card.score_min, "tools.peers.onnx_boxes", words)
    model = folder / CROSSROAD_FILE
    if model.exists():
        words, module = [str(model), str(SCORE_MIN)], "tools.peers.crossroad_boxes"
        yield _peer(CROSSROAD, model, CROSSROAD_SCORE_MIN, module, words)


def in_tiles(eye: Eye, across: int, overlap_max: float = 0.5) -> Eye:
    """The same eye, looking at the whole picture and at so many tiles a side."""

    @contextlib.contextmanager
    def start() -> Iterator[Find]:
        with eye.start() as find:
            yield find_in_tiles(find, across, overlap_max, BOXES_MAX)

    code = Path(__file__).with_name("tiles.py").read_text()
    key = _key(eye.key, f"{across} {overlap_max} {code}")
    return Eye(f"{eye.name} + {across}x{across}", eye.sha256, key, eye.score_min, start)


def _cards(names: list[str], models: Path) -> Iterator[tuple[Card, bytes]]:
    library = Library(models)
    for name in names:
        path = Path(name)
        path = path / CARD_FILE if path.is_dir() else path
        card = read_card(path) if path.is_file() else library.card(name)
        file = path.parent / card.file if path.is_file() else library.model_path(card)
        if path.is_file() and not file.exists():
            file = library.model_path(card)
        yield card, _read(card, file, library)


def _start(card: Card, content: bytes) -> contextlib.AbstractContextManager[Find]:
    whole = dataclasses.replace(card, score_min=SCORE_MIN, detections_max=BOXES_MAX)
    return contextlib.nullcontext(Detector(whole, open_runtime(card.runtime, content, 1)).find)


def _read(card: Card, file: Path, library: Library) -> bytes:
    if file == library.model_path(card) or not file.exists():
        return library.read_model(card)
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the file beside the card of '{card.name}' has another sha256",
            where=str(file),
            hint="Make both again, or correct the card.",
        )
    return content


def _peer(name: str, model: Path, score_min: float, module: str, words: list[str]) -> Eye:
    @contextlib.contextmanager
    def start() -> Iterator[Find]:
        command = [str(REPOSITORY / PEER_PYTHON), "-m", module, *words]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
        ) as peer:
            assert peer.stdin is not None
            assert peer.stdout is not None
            if not peer.stdout.readline():
                raise VigieError(
                    Kind.FAILED_PRECONDITION,
                    f"the peer '{name}' does not start",
                    where=str(model),
                    hint="Its own words stand above; make .cache/peers-environment",
                )
            yield _ask(peer.stdin, peer.stdout)
            peer.stdin.close()

    sha256 = sha256_of(model)
    code = (REPOSITORY / "tools" / "peers" / f"{module.rsplit('.', 1)[-1]}.py").read_text()
    return Eye(name, sha256, _key(sha256, code), score_min, start)


def _ask(question: IO[bytes], answers: IO[bytes]) -> Find:
    def find(rgb: Picture) -> Detections:
        question.write(f"{rgb.shape[1]} {rgb.shape[0]}\n".encode())
        question.write(np.ascontiguousarray(rgb).data)
        question.flush()
        answer = json.loads(answers.readline())
        return Detections(
            np.array(answer["boxes_frac"], np.float32).reshape(-1, 4),
            np.array(answer["scores"], np.float32),
            np.array(answer["classes"], np.uint8),
        )

    return find


def _key(*parts: str) -> str:
    digest = hashlib.sha256("\n".join((*parts, str(SCORE_MIN), str(BOXES_MAX))).encode())
    for path in DECIDING:
        digest.update(path.read_bytes())
    return digest.hexdigest()
