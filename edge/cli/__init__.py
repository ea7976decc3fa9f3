"""The `vigie` command. May import every room; nothing imports it. Start at `main.py`."""
