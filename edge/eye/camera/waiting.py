"""The eye's wait over all its cameras."""

import select
from collections.abc import Sequence

from edge.eye.camera.capture import Capture


def wait_any(captures: Sequence[Capture], timeout_seconds: float) -> list[Capture]:
    """Supervise all, then give those with a new frame, waiting at most so long for one.

    Returns early and empty-handed when a fact came up, so that the caller can look at it.
    """
    for capture in captures:
        capture.supervise()
    ready = [capture for capture in captures if capture.has_news()]
    if ready or not captures:
        return ready
    poller = select.poll()
    for capture in captures:
        for handle in capture.handles():
            poller.register(handle, select.POLLIN)
    longest = min([timeout_seconds, *(capture.wait_seconds() for capture in captures)])
    poller.poll(max(0.0, longest) * 1000)
    for capture in captures:
        capture.supervise()
    return [capture for capture in captures if capture.has_news()]
