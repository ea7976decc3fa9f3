"""The eye as a user would put it together from usual parts, for tools/bench/eye.py.

OpenCV's VideoCapture; MOG2 at 320x180; our own detector's TFLite file in LiteRT, `ssd-coco15` also
as int8 in onnxruntime; or YOLOX nano's published file, float, in onnxruntime, which is what one
would take who has none; decoding of its answers in numpy, as the detector's publisher shows it;
`supervision` for overlapping boxes and the zone; ByteTrack of `trackers`. One thread in every
part, which is in its favour: the defaults of OpenCV and onnxruntime spend more. Runs in the
environment of requirements/peers.lock.

The first line on stdout names the runtimes. Each line on stdin is a job, {"clip", "frames",
"runtime"}; each answer is a line of JSON: CPU milliseconds a frame, how many frames, boxes a frame.
With "every" only every so many frames go through the parts after decoding. {"runs"} runs
onnxruntime's bare model so often: CPU milliseconds a run, and the resident kB of a process with
numpy, it and the model.

Usage: python -m tools.peers.usual_parts CARD_DIR MODELS CLIP [yolox_nano_416.onnx]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import supervision as sv
from ai_edge_litert.interpreter import Interpreter
from trackers import ByteTrackTracker

from edge.eye.detector.card import Card
from edge.eye.detector.decoders.ssd import default_boxes
from edge.eye.detector.decoders.yolox import grid_cells
from edge.eye.detector.interpreter import TensorDetails
from edge.eye.detector.reading import read_card
from tools.peers.onnx_detector import SIDE_PX, blob_of, make_int8

SMALL_PX = (320, 180)
SCORE_MIN, OVERLAP_MAX = 0.2, 0.5
YOLOX_PX, YOLOX_STRIDES_PX = 416, (8, 16, 32)
BOX_FACTORS = np.array([10, 10, 5, 5], np.float32)
MEMORY_PROBE = """
import sys, numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
session.run(None, {"image": numpy.zeros((1, 3, 300, 300), "float32")})
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmRSS")))
"""
Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
Find = Callable[[Picture], sv.Detections]


def main() -> None:
    """Load every runtime that has the detector, serve until stdin ends."""
    card_dir, models, clip = (Path(text) for text in sys.argv[1:4])
    cv2.setNumThreads(1)
    card = read_card(card_dir / "card.toml")
    file = next(
        path for path in (card_dir / card.file, models / card.name / card.file) if path.exists()
    )
    session, memory_kb = None, 0
    runtimes: dict[str, Find] = {}
    if card.anchors is None:
        runtimes["litert"] = _split_litert(file, card)
    else:
        priors = default_boxes(card.anchors)
        with tempfile.TemporaryDirectory() as folder:
            model = make_int8(card_dir, models, clip, Path(folder))
            session, memory_kb = _open(model), _resident_kb(model)
        runtimes["onnxruntime"] = _ssd_onnxruntime(session, priors)
        runtimes["litert"] = _ssd_litert(file, priors)
    for published in sys.argv[4:]:
        runtimes["yolox"] = _yolox_onnxruntime(_open(Path(published)))
    print(json.dumps({"runtimes": list(runtimes)}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        if session is not None and "runs" in job:
            answer = {"ms_per_frame": _bare_ms(session, job["runs"]), "memory_kb": memory_kb}
        else:
            answer = run(job, runtimes[job["runtime"]])
        print(json.dumps(answer), flush=True)


def run(job: Mapping[str, object], find: Find) -> dict[str, float]:
    """One clip, every frame through every part."""
    begun = time.process_time()
    capture = cv2.VideoCapture(str(job["clip"]), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    size = [
        int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    ]
    background = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
    tracker = ByteTrackTracker(frame_rate=capture.get(cv2.CAP_PROP_FPS))
    zone = sv.PolygonZone(np.array([[0, 0], [size[0], 0], size, [0, size[1]]]))
    looked = boxes = inside = 0
    every = int(str(job.get("every", 1)))
    while looked < int(str(job["frames"])):
        if not capture.grab():
            break
        looked += 1
        if looked % every:
            continue
        _, picture = capture.retrieve()
        background.apply(cv2.resize(picture, SMALL_PX))
        found = find(np.asarray(picture, np.uint8)).with_nms(OVERLAP_MAX)
        tracked = tracker.update(found)
        inside += int(zone.trigger(tracked).sum())
        boxes += len(found)
    capture.release()
    spent_ms = (time.process_time() - begun) * 1e3
    return {"ms_per_frame": spent_ms / looked, "looked": looked, "boxes": boxes / looked}


def _ssd_detections(
    offsets: Floats, logits: Floats, priors: Floats, picture: Picture
) -> sv.Detections:
    """From raw answers to boxes in pixels: best class of each place, threshold, decode."""
    best = logits.argmax(axis=1)
    scores = _sigmoid(logits[np.arange(len(logits)), best])
    kept = scores > SCORE_MIN
    codes, prior = offsets[kept] / BOX_FACTORS, priors[kept]
    middles = codes[:, :2] * prior[:, 2:] + prior[:, :2]
    halves = np.exp(codes[:, 2:]) * prior[:, 2:] / 2
    corners = np.concatenate([middles - halves, middles + halves], axis=1)[:, [1, 0, 3, 2]]
    size = np.array([*picture.shape[1::-1]] * 2, np.float32)
    return sv.Detections(
        xyxy=corners.clip(0, 1) * size, confidence=scores[kept], class_id=best[kept]
    )


def _open(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(model), options, providers=providers)


def _bare_ms(session: onnxruntime.InferenceSession, runs: int) -> float:
    """Nothing but the inference, on the same grey picture."""
    blob = blob_of(np.full((SIDE_PX, SIDE_PX, 3), 120, np.uint8))
    begun = time.process_time()
    for _ in range(runs):
        session.run(None, {"image": blob})
    return (time.process_time() - begun) / runs * 1e3


def _resident_kb(model: Path) -> int:
    """Of a fresh process with numpy, onnxruntime and the model, after one run."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_PROBE, str(model)], stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


def _ssd_onnxruntime(session: onnxruntime.InferenceSession, priors: Floats) -> Find:
    def find(picture: Picture) -> sv.Detections:
        offsets, logits = session.run(None, {"image": blob_of(picture)})
        return _ssd_detections(offsets.reshape(-1, 4), logits[0], priors, picture)

    return find


def _ssd_litert(file: Path, priors: Floats) -> Find:
    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    outputs = sorted(interpreter.get_output_details(), key=lambda each: len(each["shape"]))

    def find(picture: Picture) -> sv.Detections:
        _invoke(interpreter, np.asarray(cv2.resize(picture, (SIDE_PX, SIDE_PX)), np.uint8))
        logits, offsets = (_real(interpreter, each) for each in outputs)
        return _ssd_detections(offsets.reshape(-1, 4), logits[0], priors, picture)

    return find


def _split_litert(file: Path, card: Card) -> Find:
    """A YOLOX head, its outputs apart."""
    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    by_name = {each["name"]: each for each in interpreter.get_output_details()}
    outputs = {each.role: by_name[each.name] for each in card.outputs}
    cells = grid_cells(card.input.width_px, card.input.height_px, card.strides_px)

    def answer(role: str) -> Floats:
        parts = [_real(interpreter, outputs[f"{role}_{stride}"]) for stride in card.strides_px]
        return np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])

    def find(picture: Picture) -> sv.Detections:
        boxed, scale = _letterboxed(picture, card.input.width_px, card.input.height_px)
        _invoke(interpreter, boxed)
        scores = _sigmoid(answer("objectness")) * _sigmoid(answer("classes"))
        return _grid_detections(answer("boxes"), scores, cells, scale)

    return find


def _yolox_onnxruntime(session: onnxruntime.InferenceSession) -> Find:
    """The published file: BGR as it is, objectness and classes already between 0 and 1."""
    cells = grid_cells(YOLOX_PX, YOLOX_PX, YOLOX_STRIDES_PX)
    name = session.get_inputs()[0].name

    def find(picture: Picture) -> sv.Detections:
        boxed, scale = _letterboxed(picture, YOLOX_PX, YOLOX_PX)
        blob = np.ascontiguousarray(boxed.transpose(2, 0, 1), np.float32)[None]
        grid = session.run(None, {name: blob})[0][0]
        return _grid_detections(grid[:, :4], grid[:, 4:5] * grid[:, 5:], cells, scale)

    return find


def _grid_detections(codes: Floats, scores: Floats, cells: Floats, scale: float) -> sv.Detections:
    """All cells decoded, then the best class of each."""
    middles = (codes[:, :2] + cells[:, :2]) * cells[:, 2:]
    halves = np.exp(codes[:, 2:]) * cells[:, 2:] / 2
    corners = np.concatenate([middles - halves, middles + halves], axis=1) / scale
    best = scores.argmax(axis=1)
    sure = scores[np.arange(len(scores)), best]
    kept = sure > SCORE_MIN
    return sv.Detections(xyxy=corners[kept], confidence=sure[kept], class_id=best[kept])


def _letterboxed(picture: Picture, width_px: int, height_px: int) -> tuple[Picture, float]:
    scale = min(width_px / picture.shape[1], height_px / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale)
    boxed = np.full((height_px, width_px, 3), 114, np.uint8)
    boxed[: small.shape[0], : small.shape[1]] = small
    return boxed, scale


def _invoke(interpreter: Interpreter, bgr: Picture) -> None:
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    image = interpreter.get_input_details()[0]
    interpreter.set_tensor(image["index"], (rgb.astype(np.int16) - 128).astype(np.int8)[None])
    interpreter.invoke()


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _real(interpreter: Interpreter, details: TensorDetails) -> Floats:
    scale, zero = details["quantization"]
    stored = interpreter.get_tensor(details["index"])
    return np.asarray((stored.astype(np.float32) - zero) * scale, np.float32)


if __name__ == "__main__":
    main()
