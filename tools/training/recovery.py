"""The net that a file in 8-bit integers was made of: with the file, nothing else need be kept.

Weights come back as they were rounded. Factors that evened the channels of an activation
(tools/quantising/evening.py) are taken out again; the bounds of values are lost.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from edge.errors import Kind, VigieError
from tools.training.net import Net, linear_name
from tools.training.wiring import Conv, Plan, wire

Floats = npt.NDArray[np.float32]
WEIGHT, BIAS, EVEN = "/w", "/b", "/even/w"


def recover(content: bytes, plan: Plan) -> Net:
    """The net, without norms. Raises: VigieError DATA_LOSS for a file of another net."""
    net = Net(plan, has_norm=False)
    try:
        wire(_Reader(_read_constants(content), net), np.ones(3, np.float32), plan)
    except (ValueError, KeyError, RuntimeError) as broken:
        raise VigieError(
            Kind.DATA_LOSS, f"the file holds no net of this size: {broken}"
        ) from broken
    return net.to(memory_format=torch.channels_last).eval()


def _read_constants(content: bytes) -> dict[str, Floats]:
    """Weights, biases and factors in real numbers, by the file's names."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - only here

    runner = Interpreter(model_content=content, num_threads=1)
    runner.allocate_tensors()
    constants: dict[str, Floats] = {}
    for tensor in runner.get_tensor_details():
        if tensor["name"].endswith((WEIGHT, BIAS)):
            raw, how = runner.get_tensor(tensor["index"]), tensor["quantization_parameters"]
            along = [1] * raw.ndim
            along[how["quantized_dimension"]] = -1
            constants[tensor["name"]] = raw.astype(np.float32) * how["scales"].reshape(along)
    return constants


class _Reader:
    """Fills a net; a tensor is the factors that its channels were divided by."""

    def __init__(self, constants: Mapping[str, Floats], net: Net) -> None:
        self._constants, self._net = constants, net

    def convolve(self, conv: Conv, source: Floats) -> Floats:
        linear = linear_name(conv) if conv.is_active else conv.name
        weight, bias = self._constants[linear + WEIGHT], self._constants[linear + BIAS]
        even = self._constants.get(linear + EVEN)
        factors = np.ones(conv.channels, np.float32) if even is None else even.reshape(-1)
        if conv.is_depthwise:
            kernel = weight.transpose(3, 0, 1, 2) / source[:, None, None, None]
        else:
            # Pixels may be taken in by twos: tools/quantising/pairing.py.
            square = weight.reshape(len(weight), conv.kernel, conv.kernel, -1)
            kernel = square.transpose(0, 3, 1, 2) / source[None, :, None, None]
        target = self._net.layer(conv.name).conv
        assert target.bias is not None
        for into, values in (
            (target.weight, kernel * factors[:, None, None, None]),
            (target.bias, bias * factors),
        ):
            if into.shape != values.shape:
                raise ValueError(f"{conv.name} is {values.shape}, not {tuple(into.shape)}")
            into.data.copy_(torch.from_numpy(values))
        return factors

    def add(self, name: str, left: Floats, right: Floats) -> Floats:
        if not np.allclose(left, right, rtol=1e-3):
            raise ValueError(f"{name} adds what was not evened alike")
        return left

    def stack(self, name: str, sources: tuple[Floats, ...]) -> Floats:
        return np.concatenate(sources)

    def pool(self, name: str, source: Floats) -> Floats:
        return source

    def enlarge(self, name: str, source: Floats) -> Floats:
        return source

    def channels(self, source: Floats) -> int:
        return len(source)
