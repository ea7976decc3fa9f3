"""Updates on the pole: which slot starts, what may be installed, when a new slot stays.

Runs as root, started by units and by RAUC; the rooms never import it and it imports no room, only
the leaves, the wire and the mandate. What the link brings is believed when root has checked it.
Start reading at `boot.py`, a table without I/O; then `slots.py`, `install.py`, `commit.py`.
"""
