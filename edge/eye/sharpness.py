"""How sharp and how well exposed a few pictures are, in figures that a technician can act on.

Focus is the variance of the Laplacian of the pictures' mean, less what the sensor's noise adds to
it, scaled to a contrast of 50: so neither a dim evening nor a grainy sensor looks like another
focus. On analysis frames 640 px wide the demo's film has 520 in focus, 260 when blurred by half a
pixel, 45 by one and 6 by two; the drawn street 1500, 730, 110 and 13. Below 150 the ring wants
turning; below 30 nobody can be told from a post.
"""

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.frame import Plane
from edge.site.model import Mask
from edge.wire.look import Sight

CONTRAST_LUMA = 50.0
"""Standard deviation of the brightness that a score is given for."""
FLAT_LUMA = 2.0
"""Below this there is nothing in the picture that could be sharp."""
DARK_LUMA, BRIGHT_LUMA = 20, 231
"""Limited range ends at 16 and 235 (BT.601); a sensor's noise keeps clipped pixels near it."""
_LAPLACIAN_OF_NOISE = 20.0
"""The kernel 1 1 -4 1 1 turns independent noise of variance 1 into one of 20."""
_MAD_TO_SIGMA = 1.4826
# A mask's edge is sharp and says nothing of the lens.
_BESIDE_MASK = np.ones((9, 9), np.uint8)

Floats = npt.NDArray[np.float32]


def measure_sight(lumas: list[Plane], masks: tuple[Mask, ...]) -> Sight:
    """The figures of pictures of one camera, one after the other; the fewer, the rougher.

    lumas: uint8 (height, width), all of one size, at least one.
    """
    stack = np.stack(lumas).astype(np.float32)
    counted = _unmasked(lumas[0], masks)
    if not counted.any():
        return Sight()
    mean = np.asarray(stack.mean(axis=0), np.float32)
    seen = mean[counted]
    contrast = float(seen.std())
    detail = float(cv2.Laplacian(mean, cv2.CV_32F)[counted].var())
    detail -= _LAPLACIAN_OF_NOISE * _noise_variance(stack, counted) / len(lumas)
    score = 0.0
    if contrast >= FLAT_LUMA:
        score = max(0.0, detail) * (CONTRAST_LUMA / contrast) ** 2
    return Sight(
        focus=round(score),
        contrast_luma=round(contrast),
        dark_permille=round(1000 * float((seen <= DARK_LUMA).mean())),
        bright_permille=round(1000 * float((seen >= BRIGHT_LUMA).mean())),
    )


def _noise_variance(stack: Floats, counted: npt.NDArray[np.bool_]) -> float:
    """Of one picture. The median, so that what walks through the picture is no noise."""
    if len(stack) == 1:
        return 0.0
    differences = np.abs(np.diff(stack, axis=0))[:, counted]
    return float((_MAD_TO_SIGMA * np.median(differences)) ** 2 / 2)


def _unmasked(luma: Plane, masks: tuple[Mask, ...]) -> npt.NDArray[np.bool_]:
    height, width = luma.shape
    stencil = np.zeros((height, width), np.uint8)
    for mask in masks:
        corners = np.round(np.asarray(mask.polygon_frac) * [width, height]).astype(np.int32)
        cv2.fillPoly(stencil, [corners], 255)
    if masks:
        stencil = np.asarray(cv2.dilate(stencil, _BESIDE_MASK), np.uint8)
    return np.asarray(stencil == 0)
