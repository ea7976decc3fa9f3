"""Process 2: the sealed ring, and what is cut from it. No network, no camera.

Packets come in over one socket, become fragments of at most two seconds, and are sealed onto the
disk under a permit of the mandate. The way of a packet: intake.py, canon.py, gathering.py,
recorder.py, scribe.py, writer.py. What the bytes look like: record.py and fragment.py. What a
start makes of the last end: recovery.py. Start reading at writer.py: nothing else writes to the
ring.
"""
