"""Steps of a course: a file that ships is a run again, and what cannot be blended is refused."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

import torch

from edge.errors import Kind, VigieError
from tests.tools.training.nets import hidden, uneven_net
from tests.tools.training.test_pack import files as files  # noqa: PLC0414 - a fixture
from tools.training.course import (
    Course,
    blend_finished,
    read_finished,
    read_shipped,
    recover_shipped,
)
from tools.training.export import export_int8
from tools.training.manifest import read_manifest
from tools.training.release import make_reshaped

Files = tuple[Path, ...]


def test_a_file_that_ships_is_a_run_again_and_goes_out_in_another_shape(files: Files) -> None:
    course, manifest = Course("street-s", files[0].parent, "shipped"), read_manifest(files[2])
    net, picture = uneven_net()
    content = export_int8(net, 96, 128, [picture], hidden).content
    assert read_shipped(course) is None
    folder = recover_shipped(course, manifest, content)
    assert folder == files[0].parent / "runs" / "shipped"
    assert read_shipped(course) == content
    recovered = read_finished(course, manifest)
    with torch.no_grad():
        for one, other in zip(recovered.eval()(picture), net(picture), strict=True):
            assert np.corrcoef(one.boxes.flatten(), other.boxes.flatten())[0, 1] > 0.95
    made = make_reshaped(recovered, "street-s", (160, 96), content)
    assert (made.width_px, made.height_px) == (160, 96)
    assert len(made.int8_file) < len(made.float_file)


def test_what_did_not_begin_as_published_is_laid_together_with_nothing(files: Files) -> None:
    course = Course("street-s", files[0].parent, "first")
    with pytest.raises(VigieError, match="did not begin as published") as refused:
        blend_finished(course, read_manifest(files[2]), lambda *_: None)
    assert refused.value.kind is Kind.FAILED_PRECONDITION
