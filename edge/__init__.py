"""The device side of Vigie: what runs on the pole.

Rooms: `eye` sees and judges, `spool` keeps events, `vault` keeps video and cuts clips, `link`
carries both, `mandate` says what is allowed, `evidence` what makes a clip one. `wire` and `site`
are vocabularies. `errors`, `clock` and `service` are the leaves that every room may import. Start
reading at `edge/eye/step.py`.
"""
