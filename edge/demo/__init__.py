"""The demo: a collector, a pole and a real clip on one machine, told as it happens.

It starts the same commands a person would type and reads what they print, so nothing on its path
is pretended. Start reading at `stage.py`. Imports at most `wire`, `site` and the leaves.
"""
