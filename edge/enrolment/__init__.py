"""Who this pole is at the collector: its key and certificate, how both are got and used.

Shared by the link (which lives on the identity), the board's first boot and `vigie device enrol`
(which get it). Imports the wire and the leaves. Start at `identity.py`, then `certificate.py`.
"""
