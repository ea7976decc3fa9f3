"""Detectors of other people that label our pictures; used in training only, never shipped.

A teacher takes a picture and answers with boxes, classes and scores. Read `sighting.py` first.
"""
