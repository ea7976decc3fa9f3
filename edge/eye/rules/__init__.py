"""Rules: tracks and time in, events out. One file per function; no clock, no I/O.

`judge.py` applies a camera's rules to each look. An incident's life stands in `incident.py` as a
table. Read `intrusion.py` as the example, then its test.
"""
