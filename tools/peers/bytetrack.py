"""The tracker's peer in its own environment: ByteTrack of the package `trackers`.

Reads scenes from an .npz file once, then runs one scene for each line on stdin (its name) and
answers with a JSON line: CPU microseconds a frame, and the number each detection was given.

Usage: .venv-peers/bin/python tools/peers/bytetrack.py SCENES.npz FRAMES_PER_SECOND
"""

import json
import sys
import time

import numpy as np
import numpy.typing as npt
import supervision as sv
from trackers import ByteTrackTracker

PICTURE_PX = np.array([1920, 1080, 1920, 1080], np.float32)
Array = npt.NDArray[np.float32]


def main() -> None:
    """Serve until stdin ends."""
    frames_per_second = float(sys.argv[2])
    with np.load(sys.argv[1]) as content:
        scenes = {name: content[name] for name in content.files}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(scenes[line.strip()], frames_per_second)), flush=True)


def run(rows: Array, frames_per_second: float) -> dict[str, object]:
    """One scene: rows of (frame, left, top, right, bottom, score, thing)."""
    tracker = ByteTrackTracker(
        lost_track_buffer=20,
        frame_rate=frames_per_second,
        track_activation_threshold=0.45,
        minimum_consecutive_frames=3,
        high_conf_det_threshold=0.45,
    )
    looks = [rows[rows[:, 0] == frame] for frame in range(int(rows[:, 0].max()) + 1)]
    given: list[list[tuple[int, float]]] = []
    spent = 0.0
    for look in looks:
        begun = time.process_time()
        found = sv.Detections(
            xyxy=look[:, 1:5] * PICTURE_PX,
            confidence=look[:, 5],
            class_id=np.zeros(len(look), int),
            data={"thing": look[:, 6]},
        )
        out = tracker.update(found)
        spent += time.process_time() - begun
        pairs = zip(out.tracker_id, out.data["thing"], strict=True)
        given.append([(int(number), float(thing)) for number, thing in pairs if number >= 0])
    return {"us_per_frame": spent / len(looks) * 1e6, "given": given}


if __name__ == "__main__":
    main()
