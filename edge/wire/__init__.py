"""Messages between rooms and between pole and collector, and small codecs for them.

Imports only the leaves. Start reading at proto/edge/wire/v1/event.proto, then `event.py`.
"""
