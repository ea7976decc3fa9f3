"""A net comes back from the int8 file that was made of it, and from no other file."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

import torch

from edge.errors import Kind, VigieError
from tests.tools.training.nets import hidden, settled_net, uneven_net
from tools.training.export import export_float, export_int8
from tools.training.recovery import EVEN, recover
from tools.training.wiring import make_plan


def test_weights_come_back_as_int8_rounded_them() -> None:
    net, picture = uneven_net()
    content = export_int8(net, 96, 128, [picture], hidden).content
    assert content.count(EVEN.encode()) > 10, "nothing was evened: this shows nothing"
    recovered = recover(content, net.plan)
    with torch.no_grad():
        for level, wanted in zip(recovered(picture), net(picture), strict=True):
            for kind in ("boxes", "objectness", "classes"):
                one, other = getattr(level, kind).flatten(), getattr(wanted, kind).flatten()
                assert np.corrcoef(one, other)[0, 1] > 0.98, kind


@pytest.mark.parametrize("stages", [(8, 16, 32, 32), (8, 16, 40, 64)])
def test_a_file_of_another_size_is_refused(stages: tuple[int, ...]) -> None:
    net, picture = settled_net()
    content = export_int8(net, 96, 128, [picture], hidden).content
    with pytest.raises(VigieError, match="holds no net of this size") as refused:
        recover(content, make_plan(stages, 8))
    assert refused.value.kind is Kind.DATA_LOSS


def test_a_float_file_and_what_is_no_file_are_refused() -> None:
    net, _ = settled_net()
    for content in (export_float(net, 96, 128), b"TFL3" * 20):
        with pytest.raises(VigieError, match="holds no net of this size"):
            recover(content, net.plan)
