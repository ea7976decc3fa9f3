"""The first scene: a pavement, a road, people and cars, drawn from a seed."""

import cv2
import numpy as np

from edge.eye.sim.scene import Canvas, Truth


class Street:
    """People walk past in both directions."""

    width_px = 960
    height_px = 540
    pictures_per_second = 12.5
    picture_count = 1500

    def draw(self, number: int) -> Canvas:
        """One picture, BGR."""
        canvas = np.full((self.height_px, self.width_px, 3), 120, np.uint8)
        for truth in self.list_truth(number):
            left, top, right, bottom = (round(side) for side in truth.box_px)
            cv2.rectangle(canvas, (left, top), (right, bottom), (40, 40, 160), -1)
        return canvas

    def list_truth(self, number: int) -> list[Truth]:
        """What can be seen."""
        left = (number * 4) % (self.width_px + 80) - 80
        box = (max(0.0, left), 200.0, min(960.0, left + 80.0), 440.0)
        return [Truth(1, "person", box, 1.0)] if box[2] > box[0] else []
