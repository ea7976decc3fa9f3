"""A YOLOX-like ONNX detector as the builder's layers, its head cut in front of the joining."""

from dataclasses import dataclass
from pathlib import Path

import onnx

from edge.builder.layers import Input, Layer
from edge.eye.detector.card import SPLIT_KINDS
from tools.quantising.onnx_graph import Graph, read_graph
from tools.quantising.onnx_steps import INPUT_NAME, Steps

BOX_VALUES = 4


@dataclass(frozen=True, slots=True)
class Head:
    """The three layers of one stride."""

    stride_px: int
    boxes: str
    objectness: str
    classes: str


@dataclass(frozen=True, slots=True)
class Net:
    """A whole detector: layers in running order, heads from the smallest stride up.

    class_count: that the model was trained with. kept_classes: places of those that are left.
    """

    layers: tuple[Layer, ...]
    heads: tuple[Head, ...]
    width_px: int
    height_px: int
    class_count: int
    kept_classes: tuple[int, ...]

    @property
    def outputs(self) -> dict[str, str]:
        """Names of the answers to names of layers, as the writer takes them."""
        return {
            f"{kind}_{head.stride_px}": getattr(head, kind)
            for head in self.heads
            for kind in SPLIT_KINDS
        }


def read_net(path: Path, *, is_bgr: bool, kept_classes: tuple[int, ...]) -> Net:
    """The layers that the heads need; the picture goes in as RGB whatever the model wants.

    is_bgr: the model was trained on BGR. kept_classes: places of the classes that are wanted, all
    of them where it is empty.

    Raises: VigieError NOT_FOUND, INVALID_ARGUMENT (not such a net, or a step nobody knows).
    """
    graph = read_graph(path)
    given, width, height = graph.picture()
    joints = [joint for node in graph.proto.node if (joint := _joint(graph, node))]
    if not joints:
        graph.refuse(
            "it has no head like YOLOX's: boxes, objectness and classes, joined at each stride"
        )
    count = graph.constant(graph.maker(joints[0][2]).input[1]).shape[0]
    if any(place >= count for place in kept_classes):
        graph.refuse(f"it knows {count} classes, and its card names class {max(kept_classes)}")
    kept = {classes: kept_classes for _, _, classes in joints}
    steps = Steps(graph, is_bgr, kept)
    steps.written[given] = steps.write(Input(INPUT_NAME, (1, height, width, 3)))
    heads = []
    for joint in joints:
        boxes, objectness, classes = (steps.layer(name) for name in joint)
        stride = round(height / steps.shapes[boxes][1])
        heads.append(Head(stride, boxes, objectness, classes))
    ordered = tuple(sorted(heads, key=lambda head: head.stride_px))
    return Net(tuple(steps.layers), ordered, width, height, count, kept_classes)


def _joint(graph: Graph, node: onnx.NodeProto) -> tuple[str, str, str] | None:
    """Where boxes, objectness and classes of one stride come from, if they are joined here."""
    if node.op_type != "Concat" or len(node.input) != 3:
        return None
    makers = [graph.makers.get(name) for name in node.input]
    if [maker.op_type if maker is not None else "" for maker in makers] != [
        "Conv",
        "Sigmoid",
        "Sigmoid",
    ]:
        return None
    boxes, objectness, classes = (
        node.input[0],
        *(graph.maker(one).input[0] for one in node.input[1:]),
    )
    raw = [graph.makers.get(name) for name in (boxes, objectness, classes)]
    if any(maker is None or maker.op_type != "Conv" for maker in raw):
        return None
    widths = [graph.constant(maker.input[1]).shape[0] for maker in raw if maker is not None]
    return (boxes, objectness, classes) if widths[:2] == [BOX_VALUES, 1] else None
