"""Process 3: one outgoing TLS connection that drains the spool. Start at `session.py`.

May not open a camera, the ring or the evidence key, and imports neither `eye` nor `vault`.
"""
