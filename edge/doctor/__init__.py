"""A technician's acceptance: whether this pole is fit to be left alone.

Values are measured at the edge of this room (`looking.py`, `measuring.py`, `reach.py`) and judged
in pure functions, one a check (`checks.py` is their table). Run by root, who reads what all rooms
keep; whatever parses a camera's or a network's bytes is a program of the room that does so in
service, under that room's user (`walls.py`). Imports site, mandate, evidence, provision, enrolment,
spool, wire and the leaves; no eye, no link, and of the vault only its chained record.
Start reading at `checks.py`, then `examination.py`.
"""
