"""Where the detector looks: crops of a frame, many of them in one picture for the detector.

What moves, what is followed and the site's zones say what is wanted; a plan says which crops of
the frame show it, at what sharpness, and how they lie together in as few pictures as the budget
allows. Deciding is pure: nothing here reads a clock or runs a model.
Read `crop.py` first (what a glance is), then `plan.py`, then `attention.py` (one camera's state).
"""

from edge.eye.attention.attention import Attention, Choice, Habits, sweep_looks
from edge.eye.attention.crop import Canvas, Crop, Glance
from edge.eye.attention.view import View

__all__ = ["Attention", "Canvas", "Choice", "Crop", "Glance", "Habits", "View", "sweep_looks"]
