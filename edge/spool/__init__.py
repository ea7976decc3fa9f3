"""The durable outbox of events: `append` returns when the event is on disk.

Any room may append; only the link reads, in order, and deletes what the collector acknowledged.
Imports at most `wire` and the leaves. The eye holds an `Outbox`, the link a `Reader`; start
reading at `spool.py`.
"""
