"""Process 1: camera → gate → detect → track → judge. Start reading at `step.py`.

May open cameras, run models, append to the spool. May not open a network socket other than to
its cameras, and imports neither `vault` nor `link`.
"""
