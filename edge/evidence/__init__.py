"""What makes a clip evidence: the signed request, the signed manifest, the seal, the check.

Used by the vault that makes a clip, by the collector that carries one and by whoever verifies one
offline; never by the eye or the link, who have nothing to sign, open or judge. Imports only the
leaves, the wire and the mandate's envelopes. No I/O but on streams that are handed in. Start at
`manifest.py`, then `verify.py`.
"""
