"""ByteTrack of the package `trackers`: for speed with tuned settings, for accuracy with its own.

Usage: .venv-peers/bin/python -m tools.peers.bytetrack SCENES.npz LOOKS_PER_SECOND
"""

import time

import numpy as np
import supervision as sv
from trackers import ByteTrackTracker

from tools.peers.serving import Array, Numbered, serve


def tuned(looks_per_second: float) -> ByteTrackTracker:
    """As near to our own limits as its settings come."""
    return ByteTrackTracker(
        lost_track_buffer=20,
        frame_rate=looks_per_second,
        track_activation_threshold=0.45,
        minimum_consecutive_frames=3,
        high_conf_det_threshold=0.45,
    )


def track(looks: list[Array], tracker: ByteTrackTracker) -> tuple[Numbered, float]:
    """Numbers and CPU seconds. looks: rows of (left, top, right, bottom, score), in pixels."""
    numbered: Numbered = []
    spent = 0.0
    for look in looks:
        begun = time.process_time()
        found = sv.Detections(
            xyxy=look[:, :4],
            confidence=look[:, 4],
            class_id=np.zeros(len(look), int),
            data={"row": np.arange(len(look))},
        )
        out = tracker.update(found)
        spent += time.process_time() - begun
        pairs = zip(out.tracker_id, out.data.get("row", ()), strict=True)
        numbered.append([(int(number), int(row)) for number, row in pairs if number >= 0])
    return numbered, spent


if __name__ == "__main__":
    serve(lambda looks, looks_per_second: track(looks, tuned(looks_per_second)))
