"""The parts that need torch: assignment, loss, start, a stopped run, export."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the environment that trains (make train-test)")

import torch

from edge.builder.layers import Concatenation
from edge.eye.detector.runtime import open_runtime
from tests.tools.training.likeness import compare_layers
from tests.tools.training.nets import hidden, settled_net, tiny, uneven_net
from tests.tools.training.test_pictures import ALWAYS, item
from tools.quantising.observing import LookedInto
from tools.quantising.rounded_net import RoundedNet
from tools.training.answers import Seen, decide, read_cells
from tools.training.assignment import Guess, assign
from tools.training.batches import Steps
from tools.training.classes import CAR, FAMILY_NAMES
from tools.training.compose import make_composer
from tools.training.export import Lessons, export_float, export_int8, outputs_of
from tools.training.holdout import SCORES, choose_levels, judge, recall_at, show
from tools.training.loop import Place, Run, rate_at
from tools.training.loss import Target, cost_of, cost_of_others
from tools.training.manifest import Recipe, Size
from tools.training.net import Net
from tools.training.slimming import slim
from tools.training.start import layer_name, restore_norms
from tools.training.wiring import Level, make_plan

RECIPE = Recipe(
    seed=1, steps=4, batch=2, learning_rate=0.001, final_rate=0.0001, warmup_steps=2,
    weight_decay=0.01, average_decay=0.9, follow_weight=1.0, keep_every_steps=2,
)  # fmt: skip
SIZE = Size("tiny", (8, 16, 32, 64), (64, 32), ((64, 64), (64, 32)))
CPU = torch.device("cpu")
MakeNet = Callable[[], tuple[Net, torch.Tensor]]


def grid(boxes: list[list[float]]) -> Guess:
    """Cells of stride 8 over 32 by 32 pixels that all say the same, but for some boxes."""
    middles = torch.tensor([[8 * x + 4.0, 8 * y + 4.0] for y in range(4) for x in range(4)])
    said = torch.cat([middles - 1, middles + 1], 1)
    if boxes:
        said[: len(boxes)] = torch.tensor(boxes)
    return Guess(said, torch.zeros(16), torch.zeros(16, 8), middles, torch.full((16,), 8.0))


def test_the_cell_that_already_fits_a_box_answers_for_it() -> None:
    right = [0.0, 0.0, 12.0, 12.0]
    chosen = assign(grid([right]), torch.tensor([right]), torch.tensor([2]))
    assert 0 in chosen.cells.tolist()
    assert float(chosen.overlaps[chosen.cells.tolist().index(0)]) == pytest.approx(1.0)


def test_a_cell_answers_for_one_box_only_and_no_box_needs_none() -> None:
    boxes = torch.tensor([[0.0, 0.0, 16.0, 16.0], [2.0, 2.0, 18.0, 18.0]])
    chosen = assign(grid([]), boxes, torch.tensor([0, 1]))
    assert len(set(chosen.cells.tolist())) == len(chosen.cells)
    assert len(assign(grid([]), torch.zeros(0, 4), torch.zeros(0).long()).cells) == 0


def levels(objectness: float) -> list[Level[torch.Tensor]]:
    """A net's answers to 64 by 64 pixels: the same everywhere."""
    return [
        Level(
            torch.zeros(1, 4, side, side),
            torch.full((1, 1, side, side), objectness),
            torch.zeros(1, 8, side, side),
        )
        for side in (8, 4, 2)
    ]


def target(*, ignored: bool) -> Target:
    return Target(
        torch.tensor([[0.0, 0.0, 64.0, 64.0]]),
        torch.tensor([0]),
        torch.ones(1),
        torch.tensor([ignored]),
    )


def test_where_nothing_is_asked_nothing_is_punished() -> None:
    assert float(cost_of(levels(3.0), [target(ignored=True)]).total) == 0.0
    assert float(cost_of(levels(3.0), [target(ignored=False)]).total) > 0.0


NOBODY = Target(torch.zeros(0, 4), torch.zeros(0).long(), torch.ones(0), torch.zeros(0).bool())


def saying(objectness: float, person: float) -> list[Level[torch.Tensor]]:
    """How surely a thing is seen everywhere, and that it is a person; it is of no other class."""
    said = levels(objectness)
    for level in said:
        level.classes[:] = -6.0
        level.classes[:, 0] = person
    return said


@pytest.mark.parametrize(
    ("begun", "told", "is_shunned"),
    [
        pytest.param(saying(3.0, -6.0), NOBODY, True, id="a thing without a name here"),
        pytest.param(saying(3.0, 6.0), NOBODY, False, id="a person"),
        pytest.param(saying(-3.0, -6.0), NOBODY, False, id="no thing"),
        pytest.param(saying(3.0, -6.0), target(ignored=True), False, id="open to doubt"),
        pytest.param(saying(3.0, -6.0), target(ignored=False), False, id="to be found"),
    ],
)
def test_other_things_are_none_of_the_classes(
    begun: list[Level[torch.Tensor]], told: Target, is_shunned: bool
) -> None:
    assert (float(cost_of_others(levels(0.0), begun, [told])) > 0) is is_shunned
    # What says so already is punished for nothing more.
    assert float(cost_of_others(saying(3.0, -9.0), begun, [told])) < 0.05


def test_answers_become_boxes_at_their_cells() -> None:
    said = levels(-9.0)
    said[1].objectness[0, 0, 1, 2] = 9.0
    said[1].classes[0, 3, 1, 2] = 9.0
    seen = decide(read_cells(said)[0])
    assert seen.classes[0] == 3
    assert seen.boxes[0].tolist() == pytest.approx([24, 8, 40, 24])


def test_a_stopped_run_ends_as_one_that_was_never_stopped(tmp_path: Path) -> None:
    items = [item(), item(is_held_out=True)]
    steps = Steps(make_composer(items, ALWAYS), RECIPE, SIZE)
    shown = show(items)
    whole = Run(tiny(), None, RECIPE, Place(tmp_path / "whole", CPU))
    whole.go(steps, shown, lambda *_: None)

    class Stopped(Exception):  # noqa: N818
        pass

    def stop(done: int, _: int | None) -> None:
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        Run(tiny(), None, RECIPE, Place(tmp_path / "parts", CPU)).go(steps, shown, stop)
    resumed = Run(tiny(), None, RECIPE, Place(tmp_path / "parts", CPU))
    assert resumed.step == 2
    resumed.go(steps, shown, lambda *_: None)
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name


def test_the_rate_rises_in_a_line_and_falls_to_its_end() -> None:
    assert rate_at(RECIPE, 0) == pytest.approx(0.0005)
    assert rate_at(RECIPE, 2) == pytest.approx(0.001)
    assert rate_at(RECIPE, 4) == pytest.approx(0.0001)


def test_the_holdout_is_judged_in_words_of_families() -> None:
    scores = judge(tiny(), show([item(is_held_out=True)]), CPU)
    assert set(scores) >= {"mean", "vehicle"}


@pytest.mark.parametrize(("wanted", "least"), [(0.9, 0.41), (0.5, 0.05), (0.4, 0.05)])
def test_the_least_score_is_chosen_that_is_right_often_enough(wanted: float, least: float) -> None:
    shown = show([item(is_held_out=True)])
    right = [one.truths.boxes for one in shown]
    seen = [
        Seen(
            np.concatenate([boxes, boxes + 150]).astype(np.float32),
            np.array([0.6, 0.4], np.float32),
            np.array([CAR, CAR]),
        )
        for boxes in right
    ]
    levels = choose_levels(seen, shown, dict.fromkeys(FAMILY_NAMES, wanted))
    assert levels["vehicle"] == least
    # Nothing was seen of people, so no score is sure.
    assert levels["person"] == SCORES[-1]
    assert recall_at(levels, seen, shown)["vehicle"] == 1.0
    assert recall_at(levels | {"vehicle": 0.7}, seen, shown)["vehicle"] == 0.0


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("/backbone/backbone/stem/conv/conv/Conv", "stem.conv"),
        ("/backbone/backbone/dark2/dark2.1/m/m.0/conv1/conv/Conv", "dark2.1.m.0.conv1"),
        ("/backbone/C3_p4/conv3/conv/Conv", "C3_p4.conv3"),
        ("/head/cls_convs.0/cls_convs.0.1/dconv/conv/Conv", "cls_convs.0.1.dconv"),
        ("/head/reg_preds.2/Conv", "reg_preds.2"),
    ],
)
def test_published_layers_have_our_names(node: str, name: str) -> None:
    assert layer_name(node) == name


def test_norms_that_are_put_back_change_nothing() -> None:
    torch.manual_seed(1)
    picture = torch.rand(4, 3, 64, 64)
    plain, net = tiny(has_norm=False), tiny()
    restore_norms(plain, net, [picture])
    with torch.no_grad():
        expected, given = plain.eval()(picture), net.eval()(picture)
    for left, right in zip(expected, given, strict=True):
        assert torch.allclose(left.boxes, right.boxes, atol=1e-5)


def test_nothing_of_an_int8_file_runs_outside_the_delegate() -> None:
    net, picture = settled_net()
    runtime = open_runtime("litert", export_int8(net, 96, 128, [picture], hidden).content, 1)
    assert runtime.operators_total > 100
    assert runtime.operators_outside_delegate == 0
    assert {one.element for one in (*runtime.inputs, *runtime.outputs)} == {"int8"}
    assert {one.name for one in runtime.outputs} == set(outputs_of(net).values())


def test_a_narrower_net_keeps_the_channels_that_say_something() -> None:
    net, picture = settled_net()
    plan = make_plan((8, 16, 32, 64), 8)
    with torch.no_grad():
        for own, same in zip(net(picture), slim(net, plan).eval()(picture), strict=True):
            assert torch.allclose(own.boxes, same.boxes, atol=1e-2)
        # Channels of the heads that say nothing may go, whatever their places.
        fewer = dataclasses.replace(plan, hidden=plan.hidden - 8)
        for name, layer in net.layers.items():
            if "_convs" in name or "stems" in name:
                for values in (layer.norm.weight, layer.norm.bias):
                    values[[3, 4, 5, 6, 9, 10, 11, 12]] = 0.0
        for own, same in zip(net(picture), slim(net, fewer).eval()(picture), strict=True):
            assert torch.allclose(own.boxes, same.boxes, atol=1e-2)
            assert torch.allclose(own.classes, same.classes, atol=1e-2)


def test_every_layer_of_the_float_file_answers_as_the_net_does() -> None:
    net, picture = settled_net()
    likenesses = compare_layers(net, export_float(net, 96, 128), picture)
    assert len(likenesses) > 200
    for layer in likenesses:
        assert layer.worst <= 1e-3 * layer.spread + 1e-6, layer


@pytest.mark.parametrize("steps", [0, 4])
@pytest.mark.parametrize("make_net", [settled_net, uneven_net])
def test_every_layer_of_the_int8_file_answers_as_what_it_was_written_of(
    make_net: MakeNet, steps: int
) -> None:
    """Each alone: it takes in what the file's took in, and is rounded as its bounds say."""
    net, picture = make_net()
    lessons = Lessons([picture] * 4, steps) if steps else None
    made = export_int8(net, 96, 128, [picture], hidden, lessons=lessons)
    run = LookedInto(made.content)
    run.run(np.round(picture.permute(0, 2, 3, 1).numpy() * 128).astype(np.int8))
    stored = {layer.name: torch.from_numpy(run.real(layer.name)) for layer in made.layers}
    rounded = RoundedNet(made.layers, made.ranges)
    put_together = {
        one: layer.name
        for layer in made.layers
        if isinstance(layer, Concatenation)
        for one in layer.sources
    }
    assert len(made.layers) > 200
    for layer in made.layers[1:]:
        # What is put together is stored in the steps of the whole, and zero is always stored.
        low, high = made.ranges[put_together.get(layer.name, layer.name)]
        step = (max(high, 0) - min(low, 0)) / 255
        with torch.no_grad():
            apart = (rounded.make(layer, stored) - stored[layer.name]).abs()
        assert apart.mean() <= step / 2, layer.name
