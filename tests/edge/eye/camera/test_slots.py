"""Shared memory: the latest frame wins, the reader's frame stays whole."""

import os

import numpy as np
import pytest

from edge.eye.camera.slots import Progress, Slots
from edge.eye.frame import Frame


def make_frame(number: int, width_px: int = 32, height_px: int = 16) -> Frame:
    half = (height_px // 2, width_px // 2)
    return Frame(
        camera="north",
        number=number,
        captured_utc_ns=1_790_000_000_000_000_000 + number,
        captured_monotonic_ns=number,
        source_width_px=1920,
        source_height_px=1080,
        luma=np.full((height_px, width_px), number, np.uint8),
        chroma_u=np.full(half, number + 1, np.uint8),
        chroma_v=np.full(half, number + 2, np.uint8),
    )


def is_whole(frame: Frame) -> bool:
    number = frame.number
    return bool(
        (frame.luma == number).all()
        and (frame.chroma_u == number + 1).all()
        and (frame.chroma_v == number + 2).all()
    )


def test_a_frame_arrives_as_it_was_sent() -> None:
    slots = Slots.create(160, "north")
    assert slots.take() is None
    sent = make_frame(7)
    slots.publish(sent, Progress(frames_captured=8))
    taken = slots.take()
    assert taken is not None
    assert is_whole(taken)
    assert (taken.captured_utc_ns, taken.captured_monotonic_ns) == (1_790_000_000_000_000_007, 7)
    assert (taken.source_width_px, taken.source_height_px) == (1920, 1080)
    assert slots.take() is None, "no frame is given twice"
    slots.close()


def test_the_latest_wins_and_what_nobody_asked_for_is_counted() -> None:
    slots = Slots.create(160, "north")
    for number in range(10):
        slots.publish(make_frame(number), Progress(frames_offered=number + 1))
    taken = slots.take()
    assert taken is not None
    assert taken.number == 9
    progress, dropped = slots.read_progress()
    assert (progress.frames_offered, dropped) == (10, 9)
    slots.close()


def test_the_readers_frame_stays_whole_while_the_writer_goes_on() -> None:
    slots = Slots.create(160, "north")
    slots.publish(make_frame(1), Progress())
    held = slots.take()
    assert held is not None
    for number in range(2, 40):
        slots.publish(make_frame(number), Progress())
        assert is_whole(held)
    slots.close()
    assert is_whole(held), "also after the memory was given back"


def test_a_new_child_counts_from_nothing_and_frames_stay() -> None:
    slots = Slots.create(160, "north")
    slots.publish(make_frame(1), Progress(frames_captured=1))
    held = slots.take()
    assert held is not None
    slots.publish(make_frame(99), Progress(frames_captured=2))
    slots.restart()
    assert slots.read_progress() == (Progress(), 0)
    for number in range(2, 9):
        slots.publish(make_frame(number), Progress())
    assert is_whole(held)
    assert slots.read_progress() == (Progress(), 7)
    slots.close()


def test_the_memory_cannot_be_shrunk_under_the_reader() -> None:
    slots = Slots.create(160, "north")
    with pytest.raises(PermissionError):
        os.ftruncate(slots.fd, 0)
    slots.close()
