"""The eye's wait over all its cameras."""

import select
from collections.abc import Sequence

from edge.eye.camera.capture import Capture


def wait_any(
    captures: Sequence[Capture], timeout_seconds: float, others: Sequence[int] = ()
) -> list[Capture]:
    """Those with a new frame, waiting at most so long for one; supervised where it is time.

    Returns early and empty-handed when a fact came up or one of the other handles is readable, so
    that the caller can look at it.
    """
    _supervise(captures)
    ready = [capture for capture in captures if capture.has_news()]
    for capture in ready:
        capture.hush()
    if ready or not captures:
        return ready
    poller = select.poll()
    for handle in others:
        poller.register(handle, select.POLLIN)
    owners: dict[int, Capture] = {}
    for capture in captures:
        for handle in capture.handles():
            poller.register(handle, select.POLLIN)
            owners[handle] = capture
    longest = min([timeout_seconds, *(capture.wait_seconds() for capture in captures)])
    for handle, _ in poller.poll(max(0.0, longest) * 1000):
        if handle in owners:
            owners[handle].hear(handle)
    _supervise(captures)
    return [capture for capture in captures if capture.has_news()]


def _supervise(captures: Sequence[Capture]) -> None:
    for capture in captures:
        if capture.is_supervision_due():
            capture.supervise()
