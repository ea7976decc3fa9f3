"""Where a pole keeps what concerns mandates. The names stand here and nowhere else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RoomName = Literal["eye", "vault"]
INCOMING_PATTERN = "incoming-*.json"


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one room that is bound by mandates. data: the pole's state directory."""

    data: Path
    room: RoomName

    @property
    def trust(self) -> Path:
        """Whom to believe; root's, written by `vigie device enrol`."""
        return trust_path(self.data)

    @property
    def incoming(self) -> Path:
        """What the link brought, unread."""
        return incoming_folder(self.data)

    @property
    def own(self) -> Path:
        """The room's own folder; nobody else writes there."""
        return self.data / self.room

    @property
    def mandate(self) -> Path:
        """The envelopes that were accepted."""
        return self.own / "mandate.json"

    @property
    def floors(self) -> tuple[Path, Path]:
        """Versions below which nothing is taken; the same in both."""
        return self.own / "floor.json", self.own / "floor.bak.json"

    @property
    def clock_floor(self) -> Path:
        """A moment that is certainly past, nanoseconds since 1970-01-01 UTC."""
        return self.own / "clock-floor"

    @property
    def time_question(self) -> Path:
        """Sixteen random bytes in hexadecimal, to be answered by the collector; 0644.

        Where the link may look: into the eye's folder, but into the vault's never.
        """
        folder = self.own if self.room == "eye" else self.data / "doors" / "clips"
        return folder / "time-question"


def trust_path(data: Path) -> Path:
    """DATA/trust.json."""
    return data / "trust.json"


def incoming_folder(data: Path) -> Path:
    """DATA/mandate/, where the link puts what it was given."""
    return data / "mandate"


def time_answers_path(data: Path) -> Path:
    """DATA/mandate/time-answer.json, one answer for each asking room."""
    return incoming_folder(data) / "time-answer.json"


def question_paths(data: Path) -> tuple[Path, Path]:
    """The files in which eye and vault ask for the time."""
    return Places(data, "eye").time_question, Places(data, "vault").time_question
