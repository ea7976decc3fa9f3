"""What may be detected and recorded where and when, by whose signatures; and nothing else.

Rooms hold a `MandateRoom` (room.py) and ask it for a `Permit` (gate.py) before they infer or
record. The core is pure: trust.py (whom to believe), envelope.py (who signed), statement.py (what
was signed), profile.py (what a law allows), register.py (what was accepted and may never come
back), clock_proof.py (whether the clock is right), gate.py (the decision). The shells are store.py,
room.py and, on the link's side, mailbox.py.

It knows no site file, no camera and no network: hashes of rules and models are passed in. Start
reading at gate.py.
"""
