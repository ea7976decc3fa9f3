"""What a room and whoever starts it say to each other: ready, alive, ended and why.

A leaf beside `edge.errors` and `edge.clock`: every process of the pole may import it, and it knows
none of them. `watchdog.py` is the room's voice, `ending.py` the note that survives its end,
`bond.py` what ends it with its starter.
"""
