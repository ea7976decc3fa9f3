"""Privacy masks: those pixels exist nowhere after the decoder.

A mask is drawn on the full-size planes before they are scaled, rounded outwards to whole chroma
samples, so that no averaging carries a masked pixel over the edge. OpenCV is loaded by a camera
that has masks.
"""

from collections.abc import Sequence

import numpy as np

from edge.eye.camera.source import Planes
from edge.eye.frame import Plane
from edge.site.model import Mask

BLACK_LUMA = 16
GREY_CHROMA = 128
SUBPIXEL_BITS = 4
TOUCHING = np.ones((3, 3), np.uint8)


class MaskBurner:
    """Burns the masks of one camera; redraws its stencil when the picture's size changes."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._masks = tuple(masks)
        self._luma: Plane = np.zeros((0, 0), np.uint8)
        self._chroma: Plane = np.zeros((0, 0), np.uint8)

    def burn(self, planes: Planes) -> Planes:
        """Planes without the masked pixels: the same ones if there are no masks, else copies.

        Copies, because the decoder predicts the next picture from its own planes.
        """
        if not self._masks:
            return planes
        if self._luma.shape != planes.luma.shape:
            self._draw_stencils(planes.luma.shape[0], planes.luma.shape[1])
        return Planes(
            _without(planes.luma, self._luma, BLACK_LUMA),
            _without(planes.chroma_u, self._chroma, GREY_CHROMA),
            _without(planes.chroma_v, self._chroma, GREY_CHROMA),
        )

    def _draw_stencils(self, height_px: int, width_px: int) -> None:
        import cv2  # noqa: PLC0415 - only where needed

        stencil = np.zeros((height_px, width_px), np.uint8)
        scale = np.array([width_px, height_px]) * (1 << SUBPIXEL_BITS)
        for mask in self._masks:
            # Fractions measure edges, fillPoly measures pixel centres: half a pixel apart.
            corners = np.asarray(mask.polygon_frac) * scale - (1 << SUBPIXEL_BITS) / 2
            polygon = np.round(corners).astype(np.int32)
            cv2.fillPoly(stencil, [polygon], 255, shift=SUBPIXEL_BITS)
        # Every pixel that the polygon touches: one more all round, then whole chroma samples.
        touched = cv2.dilate(stencil, TOUCHING)
        blocks = touched.reshape(height_px // 2, 2, width_px // 2, 2)
        self._chroma = np.ascontiguousarray(blocks.max(axis=(1, 3)))
        self._luma = np.ascontiguousarray(self._chroma.repeat(2, axis=0).repeat(2, axis=1))


def _without(plane: Plane, stencil: Plane, level: int) -> Plane:
    import cv2  # noqa: PLC0415 - only where needed

    burned = plane.copy()
    cv2.copyTo(np.full_like(burned, level), stencil, burned)
    return burned
