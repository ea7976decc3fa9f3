"""What root does on a pole between power-on and the three rooms: small programs, one a unit.

    state -> (NetworkManager) -> first_boot -> clock -> unlock -> vault, eye, link

Each is `python -m edge.board.NAME`. Whatever they do to the machine goes through `machine.py`.
Imports no room: the leaves, the wire, site, mandate, evidence, provision and enrolment only.
Start reading at `state.py`, then `first_boot.py`.
"""
