"""An int8 file that had lessons answers more as its float does, on pictures it had none on."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

import torch

from tests.tools.training.nets import uneven_net
from tests.tools.training.test_reshaping import ask
from tools.quantising.observing import Report
from tools.training.export import Lessons, export_int8
from tools.training.net import Net

WIDE_PX, HIGH_PX, STEPS = 96, 128, 40


def drawn(count: int, seed: int) -> list[torch.Tensor]:
    """Blots, NCHW, as the net gets them."""
    torch.manual_seed(seed)
    small = torch.rand(count, 3, 8, 6) * 2 - 1
    large = torch.nn.functional.interpolate(small, (HIGH_PX, WIDE_PX), mode="bilinear")
    return list((large * 128).round().clamp(-128, 127).div(128)[:, None])


def likeness(content: bytes, net: Net, pictures: list[torch.Tensor]) -> float:
    """How alike file and net score places, as a correlation, 1 at most."""
    told: list[np.ndarray] = []
    for picture in pictures:
        taken = (picture * 128).permute(0, 2, 3, 1).numpy().astype(np.int8)
        with torch.no_grad():
            wanted = [level.objectness for level in net(picture)]
        answers = ask(content, taken)[1::3]
        pairs = zip(answers, wanted, strict=True)
        told.extend(np.array([one.ravel(), two.numpy().ravel()], np.float32) for one, two in pairs)
    return float(np.mean([np.corrcoef(one)[0, 1] for one in told]))


def test_it_answers_more_as_its_float_does() -> None:
    net, picture = uneven_net()
    seen: dict[str, list[tuple[int, int | None]]] = {}

    @contextmanager
    def show(what: str) -> Iterator[Report]:
        yield lambda done, total: seen.setdefault(what, []).append((done, total))

    plain, taught = (
        export_int8(net, WIDE_PX, HIGH_PX, [picture], show, lessons=one).content
        for one in (None, Lessons(drawn(16, 1), STEPS))
    )
    observed, learned = seen.values()
    assert observed == [(1, 1), (1, 1)]
    assert learned == [(done, STEPS + 8) for done in range(1, STEPS + 9)]
    unseen = drawn(8, 2)
    assert likeness(plain, net, unseen) < likeness(taught, net, unseen) <= 1
