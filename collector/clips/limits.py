"""How much one person and one camera may be asked for, and how long a clip stays.

The pole has limits of its own; these stop a stolen account long before.
"""

from dataclasses import dataclass

from collector.clips.record import ClipRecord
from edge.errors import Kind, VigieError

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The control room's own rules.

    max_minutes: longest clip. max_minutes_alone: longer ones need a second person.
    per_person_a_day, per_camera_a_day: how many clips may be asked for within 24 hours.
    clip_days: how long a complete clip stays here. max_hold_days: longest legal hold.
    """

    max_minutes: int = 30
    max_minutes_alone: int = 5
    per_person_a_day: int = 20
    per_camera_a_day: int = 40
    clip_days: int = 30
    max_hold_days: int = 5 * 365

    def check_length(self, record: ClipRecord) -> None:
        """Raise VigieError(INVALID_ARGUMENT) for a clip that nobody may have."""
        if record.minutes > self.max_minutes:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"the clip would be {record.minutes:.0f} minutes long, over {self.max_minutes}",
                hint="Ask for the minutes that matter, in several clips if need be.",
            )

    def check_counts(self, record: ClipRecord, of_person: int, of_camera: int) -> None:
        """Raise VigieError(RESOURCE_EXHAUSTED) where the day's clips are used up."""
        if of_person >= self.per_person_a_day:
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                f"{record.requester} has asked for {of_person} clips within 24 hours, "
                f"{self.per_person_a_day} are allowed",
                hint="Let a colleague ask, or wait.",
            )
        if of_camera >= self.per_camera_a_day:
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                f"{of_camera} clips of {record.device}/{record.camera} were asked for within "
                f"24 hours, {self.per_camera_a_day} are allowed",
                hint="Wait, or see in 'vigie clip list' whether one of them will do.",
            )

    def needs_second_person(self, record: ClipRecord) -> bool:
        """Whether somebody else must agree first."""
        return record.minutes > self.max_minutes_alone
