"""The control room's side: ingest, store, review, audit, page. Start at `ingest.py`.

Imports of `edge` only `wire`, `mandate` and the leaves.
"""
