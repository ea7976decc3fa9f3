"""The device side of Vigie: what runs on the pole.

Rooms: `eye` sees and judges, `spool` keeps events, `link` carries them, `vault` will keep
video, `mandate` will say what is allowed. `wire` and `site` are vocabularies. `errors` and
`clock` are the two leaves that every room may import. Start reading at `edge/eye/step.py`.
"""
