"""The street simulator: our own drawing, with exact truth for every picture.

Good enough to show that the whole path works; never quoted as accuracy. Read `scene.py` first.
"""
