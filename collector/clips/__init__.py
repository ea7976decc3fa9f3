"""Clips from the asking to the expiry: who may ask, what was asked, what came, how long it stays.

The collector never sees a picture: what arrives is sealed to readers whose keys it does not have.
It signs requests, keeps sealed files, and checks that what came is what was asked for. Start at
`desk.py`, then `arrival.py`; the seal and the manifest are `edge/evidence`.
"""
