"""Score trackers with trackeval, those of `trackers` among them.

ByteTrack and OC-SORT run twice: with their own defaults, and with limits as near to ours as theirs
come, since defaults for one kind of scores say little about another.

Runs in the environment of requirements/peers.lock, whose packages must not meet the device's.
Job on stdin, answer on stdout, both JSON; rows as MOT text: frame, id, left, top, width, height,
score.

Usage: .venv-peers/bin/python -m tools.peers.scores < JOB
"""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from trackers import ByteTrackTracker, OCSORTTracker
from trackeval.datasets._base_dataset import _BaseDataset
from trackeval.metrics import CLEAR, HOTA, Identity

from tools.peers.bytetrack import track
from tools.peers.rows import Rows, track_rows

QUIET = {"PRINT_CONFIG": False}
PEERS: dict[str, Callable[[float], ByteTrackTracker | OCSORTTracker]] = {
    "ByteTrack": lambda fps: ByteTrackTracker(frame_rate=fps),
    "ByteTrack, our limits": lambda fps: ByteTrackTracker(
        lost_track_buffer=90,
        frame_rate=fps,
        track_activation_threshold=0.45,
        minimum_consecutive_frames=2,
        high_conf_det_threshold=0.35,
    ),
    "OC-SORT": lambda fps: OCSORTTracker(frame_rate=fps),
    "OC-SORT, our limits": lambda fps: OCSORTTracker(
        lost_track_buffer=90,
        frame_rate=fps,
        minimum_consecutive_frames=2,
        high_conf_det_threshold=0.35,
    ),
}


def main() -> None:
    """Answer one job: {"sequences": [{fps, truth, detections, tracked}]}, scores for each.

    tracked: rows by the name of the tracker that was run elsewhere.
    """
    job = json.load(sys.stdin)
    # trackeval reports its timings on stdout, which belongs to the answer.
    with contextlib.redirect_stdout(sys.stderr):
        answer = [
            [
                {"tracker": tracker, **score(one["truth"], rows)}
                for tracker, rows in (
                    *one["tracked"].items(),
                    *run_peers(one["detections"], one["fps"]),
                )
            ]
            for one in job["sequences"]
        ]
    json.dump(answer, sys.stdout)


def run_peers(detections: Rows, fps: float) -> Iterator[tuple[str, Rows]]:
    """Each peer over one sequence."""
    for name, made in PEERS.items():
        yield name, track_rows(detections, partial(track, tracker=made(fps)))


def score(truth: Rows, tracked: Rows) -> dict[str, float]:
    """HOTA, IDF1, MOTA and identity switches of one tracker on one sequence."""
    true_rows, own_rows = np.array(truth, float), np.array(tracked, float).reshape(-1, 7)
    frames = range(1, int(true_rows[:, 0].max()) + 1)
    true_ids, own_ids = _dense(true_rows[:, 1]), _dense(own_rows[:, 1])
    gt, own, likeness = [], [], []
    for frame in frames:
        in_truth, in_own = true_rows[:, 0] == frame, own_rows[:, 0] == frame
        gt.append(true_ids[in_truth])
        own.append(own_ids[in_own])
        likeness.append(
            _BaseDataset._calculate_box_ious(  # noqa: SLF001 - trackeval's own measure
                true_rows[in_truth, 2:6], own_rows[in_own, 2:6], box_format="xywh"
            )
        )
    record = {
        "gt_ids": gt,
        "tracker_ids": own,
        "similarity_scores": likeness,
        "num_gt_ids": int(true_ids.max()) + 1,
        "num_tracker_ids": int(own_ids.max()) + 1 if len(own_ids) else 0,
        "num_gt_dets": len(true_rows),
        "num_tracker_dets": int(sum(len(ids) for ids in own)),
        "num_timesteps": len(frames),
    }
    hota, identity = HOTA().eval_sequence(record), Identity(QUIET).eval_sequence(record)
    clear = CLEAR(QUIET).eval_sequence(record)
    return {
        "hota": float(np.mean(hota["HOTA"])),
        "idf1": float(identity["IDF1"]),
        "mota": float(clear["MOTA"]),
        "switches": int(clear["IDSW"]),
        "boxes": len(true_rows),
        "tracks": int(true_ids.max()) + 1,
    }


def _dense(ids: np.ndarray) -> np.ndarray:
    return np.unique(ids, return_inverse=True)[1].astype(int)


if __name__ == "__main__":
    main()
