"""The rooms of the image build: each turns named inputs into named files.

Nothing here runs on a pole. The order of the steps stands in `build.py`, one line each; start
reading there, then `building.py` (what every step is given) and `run.py` (how programs start).
"""
