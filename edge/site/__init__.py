"""The site file: cameras, zones, lines, schedules, rules; checks and drawing.

Imports at most `wire` and the leaves. Start reading at `model.py` and `rules.py`, then `check.py`.
"""
