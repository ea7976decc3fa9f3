"""Score trackers with trackeval, roboflow's ByteTrack with its own defaults among them.

Runs in the environment of requirements/peers.lock, whose packages must not meet the device's.
Job on stdin, answer on stdout, both JSON; rows as MOT text: frame, id, left, top, width, height,
score.

Usage: .venv-peers/bin/python -m tools.peers.scores < JOB
"""

import contextlib
import json
import sys

import numpy as np
from trackers import ByteTrackTracker
from trackeval.datasets._base_dataset import _BaseDataset
from trackeval.metrics import CLEAR, HOTA, Identity

from tools.peers.bytetrack import track

Rows = list[list[float]]


def main() -> None:
    """Answer one job: {"sequences": [{name, fps, truth, detections, ours}]}."""
    job = json.load(sys.stdin)
    answer = []
    # trackeval reports its timings on stdout, which belongs to the answer.
    with contextlib.redirect_stdout(sys.stderr):
        for sequence in job["sequences"]:
            peer = run_peer(sequence["detections"], sequence["fps"])
            for tracker, rows in (("vigie", sequence["ours"]), ("trackers ByteTrack", peer)):
                scores = score(sequence["truth"], rows)
                answer.append({"sequence": sequence["name"], "tracker": tracker, **scores})
    json.dump(answer, sys.stdout)


def run_peer(detections: Rows, fps: float) -> Rows:
    """Roboflow's ByteTrack with its own defaults over one sequence."""
    table = np.array(detections, float)
    frames = [table[table[:, 0] == frame] for frame in range(1, int(table[:, 0].max()) + 1)]
    looks = [
        np.c_[found[:, 2:4], found[:, 2:4] + found[:, 4:6], found[:, 6]].astype(np.float32)
        for found in frames
    ]
    numbered, _ = track(looks, ByteTrackTracker(frame_rate=fps))
    return [
        [frame, number, *found[row, 2:6].tolist(), 1.0]
        for frame, (found, given) in enumerate(zip(frames, numbered, strict=True), start=1)
        for number, row in given
    ]


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
    hota, identity = HOTA().eval_sequence(record), Identity().eval_sequence(record)
    clear = CLEAR().eval_sequence(record)
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
