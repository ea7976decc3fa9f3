"""What becomes of a capture: a table without clock, process or I/O.

Edit the table, never the code around it; a test walks every pair of state and happening.
"""

import random
from dataclasses import dataclass
from enum import Enum

# A silent camera is given up after 10 s, opening included. Between attempts at most 4 s pass:
# 10 + 4 leaves a second to open within the promised 15 s of the camera's return.
LONGEST_PAUSE_SECONDS = 4.0
FIRST_PAUSE_SECONDS = 0.5


class State(Enum):
    """Where one camera's capture stands."""

    WAITING = "waiting"
    OPENING = "opening"
    RUNNING = "running"
    FINISHED = "finished"


class Happening(Enum):
    """What the supervisor noticed."""

    DUE = "the pause is over"
    PICTURE = "a picture came"
    SILENCE = "no picture for too long"
    FAILURE = "the child reported an error and lives"
    EXIT = "the child is gone"
    END = "a recording that is not looped came to its end"


class Action(Enum):
    """What the supervisor has to do, in the order given."""

    START = "tell the child to open the source; start one if there is none"
    KILL = "kill the child and collect it"
    TELL_OPENED = "report Opened"
    TELL_LOST = "report Lost, if the outage was not told yet"
    PAUSE = "choose a pause before the next attempt"


_KEEP: tuple[Action, ...] = ()
_LOSE = (Action.TELL_LOST, Action.PAUSE)

TABLE: dict[tuple[State, Happening], tuple[State, tuple[Action, ...]]] = {
    (State.WAITING, Happening.DUE): (State.OPENING, (Action.START,)),
    (State.WAITING, Happening.PICTURE): (State.WAITING, _KEEP),
    (State.WAITING, Happening.SILENCE): (State.WAITING, _KEEP),
    (State.WAITING, Happening.FAILURE): (State.WAITING, _KEEP),
    (State.WAITING, Happening.EXIT): (State.WAITING, (Action.KILL,)),
    (State.WAITING, Happening.END): (State.WAITING, _KEEP),
    (State.OPENING, Happening.DUE): (State.OPENING, _KEEP),
    (State.OPENING, Happening.PICTURE): (State.RUNNING, (Action.TELL_OPENED,)),
    (State.OPENING, Happening.SILENCE): (State.WAITING, (Action.KILL, *_LOSE)),
    (State.OPENING, Happening.FAILURE): (State.WAITING, _LOSE),
    (State.OPENING, Happening.EXIT): (State.WAITING, (Action.KILL, *_LOSE)),
    (State.OPENING, Happening.END): (State.FINISHED, (Action.KILL, Action.TELL_LOST)),
    (State.RUNNING, Happening.DUE): (State.RUNNING, _KEEP),
    (State.RUNNING, Happening.PICTURE): (State.RUNNING, _KEEP),
    (State.RUNNING, Happening.SILENCE): (State.WAITING, (Action.KILL, *_LOSE)),
    (State.RUNNING, Happening.FAILURE): (State.WAITING, _LOSE),
    (State.RUNNING, Happening.EXIT): (State.WAITING, (Action.KILL, *_LOSE)),
    (State.RUNNING, Happening.END): (State.FINISHED, (Action.KILL, Action.TELL_LOST)),
    (State.FINISHED, Happening.DUE): (State.FINISHED, _KEEP),
    (State.FINISHED, Happening.PICTURE): (State.FINISHED, _KEEP),
    (State.FINISHED, Happening.SILENCE): (State.FINISHED, _KEEP),
    (State.FINISHED, Happening.FAILURE): (State.FINISHED, _KEEP),
    (State.FINISHED, Happening.EXIT): (State.FINISHED, _KEEP),
    (State.FINISHED, Happening.END): (State.FINISHED, _KEEP),
}


@dataclass(slots=True)
class Pauses:
    """Exponential back-off with full jitter, so that a street of poles does not call in step."""

    chance: random.Random
    attempts: int = 0

    def choose_seconds(self) -> float:
        """The next pause: anything from nothing to a limit that doubles up to the cap."""
        limit = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self.attempts, 10))
        self.attempts += 1
        return self.chance.uniform(0.0, limit)

    def reset(self) -> None:
        """The camera is back: begin with short pauses again."""
        self.attempts = 0
