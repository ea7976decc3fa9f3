"""norfair on boxes, with its own fast filter and vectorised overlap; in its own environment.

For speed only the first looks of a scene: with a hundred things one takes it a tenth of a second.
For accuracy a job on stdin and the answer on stdout, both JSON: {"sequences": [{detections}]} with
rows as MOT text, answered with rows by name for each.

Usage: .venv-norfair/bin/python -m tools.peers.norfair_boxes SCENES.npz LOOKS_PER_SECOND
       .venv-norfair/bin/python -m tools.peers.norfair_boxes < JOB
"""

import json
import sys
import time
from collections.abc import Iterator

import norfair
import numpy as np
from norfair.tracker import TrackedObject

from tools.peers.rows import Rows, looks_of
from tools.peers.serving import Array, Numbered, serve

MOST_LOOKS = 60
# As near to our own limits as its settings come: overlap, looks beyond the first that it takes to
# begin, looks to be given up. Ours takes one or two more than the first: both are scored.
LEAST_OVERLAP, BEGIN_LOOKS, HIDDEN_LOOKS = 0.15, (1, 2), 20


def track(looks: list[Array]) -> tuple[Numbered, float]:
    """Numbers and CPU seconds. looks: rows of (left, top, right, bottom, score), in pixels."""
    numbered: Numbered = []
    spent = 0.0
    begun = time.process_time()
    for things in follow(looks):
        spent += time.process_time() - begun
        numbered.append([(thing.id, thing.last_detection.data) for thing in things])
        begun = time.process_time()
    return numbered, spent


def follow(looks: list[Array], begin_looks: int = BEGIN_LOOKS[-1]) -> Iterator[list[TrackedObject]]:
    """What norfair found again at each look; a detection's data is its row."""
    tracker = norfair.Tracker(
        distance_function="iou",
        distance_threshold=1 - LEAST_OVERLAP,
        initialization_delay=begin_looks,
        hit_counter_max=HIDDEN_LOOKS,
    )
    for look in looks:
        found = [
            norfair.Detection(points=box.reshape(2, 2), scores=np.full(2, score), data=row)
            for row, (box, score) in enumerate(zip(look[:, :4], look[:, 4], strict=True))
        ]
        things = tracker.update(found)
        yield [thing for thing in things if any(thing.last_detection is each for each in found)]


def estimate(detections: Rows, begin_looks: int) -> Rows:
    """MOT rows of what norfair takes the things to be, which is nearer than what was detected."""
    rows = []
    for frame, things in enumerate(follow(looks_of(detections), begin_looks), start=1):
        for thing in things:
            (left, top), (right, bottom) = thing.estimate.tolist()
            rows.append([frame, thing.id, left, top, right - left, bottom - top, 1.0])
    return rows


def main() -> None:
    """Serve scenes from a file, or answer one job."""
    if len(sys.argv) > 1:
        serve(lambda looks, _: track(looks[:MOST_LOOKS]))
        return
    job = json.load(sys.stdin)
    answer = [
        {f"norfair, {looks + 1} looks": estimate(one["detections"], looks) for looks in BEGIN_LOOKS}
        for one in job["sequences"]
    ]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
