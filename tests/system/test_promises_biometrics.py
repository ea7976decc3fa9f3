"""P23: nothing on a pole tells who somebody is: no package, weights, code, label or right does.

The wire has numbers for functions of identity, so that a later profile needs no new wire. What
must be absent is whatever computes them.
"""

import ast
import importlib.metadata
import importlib.util
import mmap
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from edge.eye import health
from edge.eye.coverage import Coverage
from edge.eye.detections import Detections
from edge.eye.detector.card import DECODERS
from edge.eye.tracker import Tracker
from edge.mandate.problem import MandateError
from edge.mandate.profile import IDENTITY, profile_names, read_profile
from edge.mandate.statement import parse_mandate
from edge.site.rules import Rule
from edge.wire.names import CLASS_NUMBERS, FUNCTION_NUMBERS
from tests.edge.wire.test_proto import descriptors
from tests.fakes.mandates import CAMERA, statement

PACKAGE_WORDS = re.compile(
    r"face|facial|biometr|(^|[-_])(iris|gait|reid|anpr|alpr|lpr|ocr)($|[-_])|dlib|mediapipe"
    r"|deepface|torchreid|tesser|voiceprint|speaker"
)
WEIGHTS = {".tflite", ".onnx", ".pb", ".caffemodel", ".pt", ".pth", ".h5", ".t7", ".engine"}
CASCADES = re.compile(r"haarcascade|lbpcascade|\.task$|landmark")
# What a library that knows faces, plates or gaits has in its symbols.
SYMBOLS = (b"FaceRecogn", b"FaceDetect", b"FaceLandmark", b"arcface", b"facenet", b"OpenALPR")
# OpenCV's one library holds the code of a face detector and of a face recogniser, without weights.
# A build of our own without those modules is a part of the image that does not exist yet.
KNOWN_SYMBOLS = {"opencv-python-headless": {b"FaceRecogn", b"FaceDetect"}}
CODE_WORDS = frozenset(
    [
        "face", "faces", "facial", "iris", "gait", "biometric", "biometrics", "reid", "embedding",
        "embeddings", "plate", "plates", "ocr", "alpr", "gender", "ethnicity", "emotion",
        "recognizer", "recogniser",
    ]
)  # fmt: skip
# Letters have faces too.
KNOWN_NAMES = {"edge/site/label.py": {"FontFace", "_face"}}


def split_words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


def locked_packages(repository: Path, lock: str) -> list[str]:
    text = (repository / "requirements" / lock).read_text()
    return re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE)


def installed_files(package: str) -> list[Path]:
    """Files of a package; none where the lock names it for another system."""
    try:
        found = importlib.metadata.files(package)
    except importlib.metadata.PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in found or []]


def find_symbols(path: Path) -> set[bytes]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        return {word for word in SYMBOLS if held.find(word) >= 0}


def names_in(path: Path) -> Iterator[str]:
    """Every name in a source: of modules, functions, classes, arguments, attributes."""
    for node in ast.walk(ast.parse(path.read_text())):
        for field in ("id", "attr", "name", "arg", "module", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield name


def identity_functions() -> list[str]:
    return [name for name, number in FUNCTION_NUMBERS.items() if number in IDENTITY]


@pytest.mark.parametrize("lock", ["device.lock", "tflite.lock"])
def test_no_package_of_a_pole_is_made_to_recognise_anybody(repository: Path, lock: str) -> None:
    packages = locked_packages(repository, lock)
    assert len(packages) >= 5
    assert [name for name in packages if PACKAGE_WORDS.search(name)] == []


def test_the_search_of_packages_finds_what_it_must() -> None:
    bad = ["insightface", "face-recognition", "dlib", "torchreid", "easy-ocr", "fast-alpr", "gait"]
    assert all(PACKAGE_WORDS.search(name) for name in bad)


def test_no_package_of_a_pole_brings_weights_or_cascades(repository: Path) -> None:
    files = [
        file
        for package in locked_packages(repository, "device.lock")
        for file in installed_files(package)
    ]
    assert len(files) > 1000, "the device's packages are installed here"
    assert [file for file in files if file.suffix in WEIGHTS or CASCADES.search(file.name)] == []


def test_only_opencv_holds_code_for_faces_and_it_has_no_weights(repository: Path) -> None:
    found: dict[str, set[bytes]] = {}
    for package in locked_packages(repository, "device.lock"):
        for file in installed_files(package):
            if ".so" in file.suffixes and (symbols := find_symbols(file)):
                found.setdefault(package, set()).update(symbols)
    assert found == KNOWN_SYMBOLS


def test_no_name_in_our_own_code_speaks_of_faces_gaits_or_plates(repository: Path) -> None:
    found: dict[str, set[str]] = {}
    for path in sorted((repository / "edge").rglob("*.py")):
        if path.stem.endswith(("_pb2", "_pb2_grpc")):
            continue
        hits = {name for name in names_in(path) if split_words(name) & CODE_WORDS}
        if hits:
            found[str(path.relative_to(repository))] = hits
    assert found == KNOWN_NAMES


def test_the_search_of_names_finds_opencvs_own_calls(tmp_path: Path) -> None:
    source = tmp_path / "bad.py"
    source.write_text("import cv2\nseen = cv2.FaceRecognizerSF.create('a', '')\nplate_text = 1\n")
    hits = {name for name in names_in(source) if split_words(name) & CODE_WORDS}
    assert hits == {"FaceRecognizerSF", "plate_text"}


def test_there_is_no_room_for_identity_and_nobody_imports_one(repository: Path) -> None:
    assert importlib.util.find_spec("edge.identity") is None
    assert not (repository / "edge" / "identity").exists()
    for path in (repository / "edge").rglob("*.py"):
        assert "edge.identity" not in set(names_in(path)), path


def test_a_model_card_knows_classes_of_things_and_gives_boxes_only(repository: Path) -> None:
    cards = sorted((repository / "models").glob("*/card.toml"))
    assert len(cards) >= 3
    classes = {name.lower() for name in CLASS_NUMBERS}
    assert classes & CODE_WORDS == set()
    assert set(DECODERS) == {"ssd", "ssd_post", "yolox", "split"}
    for path in cards:
        card = tomllib.loads(path.read_text())
        assert set(card["classes"]) - {"count"} <= classes, path
        roles = {output["role"].split("_")[0] for output in card["outputs"]}
        assert roles <= {"boxes", "scores", "classes", "count", "grid", "objectness"}, path
        text = " ".join((card["name"], card["title"], card["file"], card["source"]))
        assert split_words(text) & CODE_WORDS == set(), path


def test_the_tracker_is_given_boxes_and_never_a_picture(repository: Path) -> None:
    """So it cannot know anybody again by appearance (docs/decisions/0010)."""
    rooms = ("tracker", "tracks", "association", "book", "kalman", "coverage", "detections")
    pictures = re.compile(r"\b(cv2|av|PIL|edge\.eye\.(frame|picture|camera|gate))\b")
    for room in rooms:
        tree = ast.parse((repository / "edge" / "eye" / f"{room}.py").read_text())
        imports = [ast.unparse(node) for node in ast.walk(tree)
                   if isinstance(node, ast.Import | ast.ImportFrom)]  # fmt: skip
        assert imports
        assert [line for line in imports if pictures.search(line)] == []
    given = typing.get_type_hints(Tracker.update)
    assert set(given) == {"found", "now_ns", "looked", "return"}
    assert set(typing.get_type_hints(Detections)) == {"boxes_frac", "scores", "classes"}
    assert set(typing.get_type_hints(Coverage)) == {"areas_frac", "least_heights_frac"}


def _names_of(descriptor: Descriptor) -> Iterator[str]:
    yield descriptor.name
    yield from (field.name for field in descriptor.fields)
    yield from (value.name for enum in descriptor.enum_types for value in enum.values)


def test_no_message_has_a_place_for_a_face_a_plate_or_a_template(repository: Path) -> None:
    words = CODE_WORDS | {"template", "vector", "feature", "features", "descriptor"}
    seen = [name for descriptor in descriptors(repository) for name in _names_of(descriptor)]
    assert len(seen) > 200
    assert [name for name in seen if split_words(name) & words] == []


def test_functions_of_identity_have_numbers_and_nothing_computes_one() -> None:
    assert identity_functions() == [
        "plate_read", "plate_listed", "vehicle_listed", "person_listed", "person_missing",
        "vehicle_description", "person_description",
    ]  # fmt: skip
    rules = {
        name
        for kind in typing.get_args(Rule)
        for name in typing.get_args(typing.get_type_hints(kind)["function"])
    }
    assert "intrusion" in rules
    assert rules & set(identity_functions()) == set()
    told = {*health.CAMERA_FUNCTIONS, *health.DEVICE_FUNCTIONS, health.SPOOL_GAP}
    assert told & set(identity_functions()) == set()


@pytest.mark.parametrize("profile", profile_names())
def test_no_mandate_of_any_profile_can_name_a_function_of_identity(profile: str) -> None:
    assert set(read_profile(profile).functions) & set(identity_functions()) == set()
    for function in identity_functions():
        zones = [{"zone": "*", "functions": [function]}]
        text = statement(profile=profile, cameras=[{"camera": CAMERA, "zones": zones}])
        with pytest.raises(MandateError, match=f"{function} is not a function of profile"):
            parse_mandate(text)
