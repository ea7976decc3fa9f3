"""The detector: a picture in, boxes with a class and a score out.

May read a model card and its file, and run it on this machine. May not open a camera, keep a
picture or reach a network. A file that does not match its card is never loaded.
Read `card.py` first (what a model is), then `port.py` (what finding is).
"""

from edge.eye.detector.card import Card
from edge.eye.detector.library import Library
from edge.eye.detector.port import Detector, load

__all__ = ["Card", "Detector", "Library", "load"]
