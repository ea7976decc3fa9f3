"""norfair on boxes, with its own fast filter and vectorised overlap; in its own environment.

Only the first looks of a scene: with a hundred things one takes it a tenth of a second.

Usage: .venv-norfair/bin/python -m tools.peers.norfair_boxes SCENES.npz LOOKS_PER_SECOND
"""

import time

import norfair
import numpy as np

from tools.peers.serving import Array, Numbered, serve

MOST_LOOKS = 60
# As near to our own limits as its settings come: overlap, looks to begin, looks to be given up.
LEAST_OVERLAP, BEGIN_LOOKS, HIDDEN_LOOKS = 0.15, 2, 20


def track(looks: list[Array], _: float) -> tuple[Numbered, float]:
    """Numbers and CPU seconds. looks: rows of (left, top, right, bottom, score), in pixels."""
    tracker = norfair.Tracker(
        distance_function="iou",
        distance_threshold=1 - LEAST_OVERLAP,
        initialization_delay=BEGIN_LOOKS,
        hit_counter_max=HIDDEN_LOOKS,
    )
    numbered: Numbered = []
    spent = 0.0
    for look in looks[:MOST_LOOKS]:
        begun = time.process_time()
        found = [
            norfair.Detection(points=box.reshape(2, 2), scores=np.full(2, score), data=row)
            for row, (box, score) in enumerate(zip(look[:, :4], look[:, 4], strict=True))
        ]
        things = tracker.update(found)
        spent += time.process_time() - begun
        numbered.append(
            [
                (thing.id, thing.last_detection.data)
                for thing in things
                if any(thing.last_detection is each for each in found)
            ]
        )
    return numbered, spent


if __name__ == "__main__":
    serve(track)
