"""The provisioning file: who a pole is and how it reaches its collector, signed by the fleet's key.

Pure: bytes in, verified values or every problem out. It is made in the control room (`vigie
provision`), put onto a card (`vigie flash`) and believed once, at first boot. Imports the mandate's
envelope and keys, the wire and the leaves. Start reading at `statement.py`, then `signing.py`.
"""
