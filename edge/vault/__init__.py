"""Process 2, empty until mandates exist: ring, cut, seal.

Nothing is recorded in this version: packets are counted by the eye and thrown away.
"""
