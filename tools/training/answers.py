"""From the net's three answers a stride to boxes in pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from tools.training.assignment import Guess
from tools.training.wiring import STRIDES_PX, Level

# exp() of more than this is no box of a picture.
SIZE_MAX = 8.0
SCORE_MIN, OVERLAP_MAX, COUNT_MAX = 0.02, 0.6, 150
# An untrained net sees things everywhere: more than so many before overlaps go are noise.
CANDIDATES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """Boxes (n, 4) in pixels of the input, scores (n,), classes (n,), best first."""

    boxes: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


def read_cells(levels: list[Level[torch.Tensor]]) -> list[Guess]:
    """Each picture's answers, cell by cell, strides in order and rows first."""
    boxes, objectness, classes, middles, strides = [], [], [], [], []
    for stride, level in zip(STRIDES_PX, levels, strict=True):
        raw = level.boxes.float()
        rows, columns = raw.shape[2:]
        ys, xs = torch.meshgrid(
            torch.arange(rows, device=raw.device),
            torch.arange(columns, device=raw.device),
            indexing="ij",
        )
        corners = torch.stack([xs, ys], -1).reshape(-1, 2).float()
        flat = raw.flatten(2).transpose(1, 2)
        centres = (flat[..., :2] + corners) * stride
        halves = flat[..., 2:].clamp(max=SIZE_MAX).exp() * (stride / 2)
        boxes.append(torch.cat([centres - halves, centres + halves], -1))
        objectness.append(level.objectness.float().flatten(1))
        classes.append(level.classes.float().flatten(2).transpose(1, 2))
        middles.append((corners + 0.5) * stride)
        strides.append(torch.full((rows * columns,), float(stride), device=raw.device))
    joined = [torch.cat(one, 1) for one in (boxes, objectness, classes)]
    where, steps = torch.cat(middles), torch.cat(strides)
    return [
        Guess(joined[0][n], joined[1][n], joined[2][n], where, steps) for n in range(len(joined[0]))
    ]


def decide(guess: Guess) -> Seen:
    """What one picture's answers amount to."""
    with torch.no_grad():
        scores = (guess.classes.sigmoid() * guess.objectness[:, None].sigmoid()).cpu().numpy()
        boxes = guess.boxes.cpu().numpy()
    rows, kinds = np.nonzero(scores >= SCORE_MIN)
    best = np.argsort(-scores[rows, kinds], kind="stable")[:CANDIDATES_MAX]
    rows, kinds = rows[best], kinds[best]
    found = scores[rows, kinds]
    if not len(rows):
        return Seen(np.zeros((0, 4), np.float32), found, kinds.astype(np.int64))
    placed = boxes[rows].astype(np.float64)
    placed[:, 2:] -= placed[:, :2]
    kept = cv2.dnn.NMSBoxesBatched(
        placed.tolist(), found.tolist(), kinds.tolist(), SCORE_MIN, OVERLAP_MAX
    )
    order = np.asarray(kept, np.intp).ravel()[:COUNT_MAX]
    return Seen(boxes[rows[order]], found[order], kinds[order].astype(np.int64))
