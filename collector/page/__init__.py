"""The control room's page: HTTP routes, sessions, the live feed, and the built bundle.

Starlette in front of `collector.services`; nothing here knows the database. No route can carry a
picture. The page itself is written in `app/` (TypeScript, Preact) and built into `static/`.
Start at `app.py`.
"""
