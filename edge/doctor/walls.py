"""The walls of a room around a program that measures for it.

Root never reads a camera's or a network's bytes: a program of the room that does so in service
measures, under that room's user, without capabilities, and with a network only where the room has
one. On a machine without the rooms' users there is nothing to enter, and it runs as whoever asks.
"""

import os
import pwd
from collections.abc import Sequence
from typing import Literal

RoomName = Literal["eye", "link"]


def behind_walls(room: RoomName, words: Sequence[str], *, has_network: bool) -> list[str]:
    """The command line that runs these words in the room's place."""
    user = f"vigie-{room}"
    if os.geteuid() != 0 or not _is_known(user):
        return list(words)
    apart = [] if has_network else ["unshare", "--net"]
    return [
        *apart,
        "setpriv",
        f"--reuid={user}",
        f"--regid={user}",
        "--init-groups",
        "--no-new-privs",
        "--bounding-set=-all",
        "--inh-caps=-all",
        *words,
    ]


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
