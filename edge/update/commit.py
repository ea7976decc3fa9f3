"""`vigie-commit`, root: what this boot means for the slots, and the verdict on a slot on trial.

    python -m edge.update.commit [--data DIR] [--trial-seconds N]

Runs at every boot. A steady pole is done at once. A slot on trial is watched until it has proved
itself or its time is up; then it is kept, or the pole goes back to the slot that worked.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from edge.clock import Clock, SystemClock
from edge.errors import EXIT_CODES, Kind, VigieError
from edge.service.image import Image, read_boot_id, read_image
from edge.update.boot import BootError, Event, Record, Slot, Stage
from edge.update.floor import VersionFloor
from edge.update.install import DEFAULT_DATA
from edge.update.pole_slots import STATE, open_slots
from edge.update.restart import restart
from edge.update.slots import Slots
from edge.update.verdict import DEFAULT_TRIAL_SECONDS, Seen, Trial, Verdict
from edge.update.version import parse_version
from edge.whole_file import read_bounded
from edge.wire.eye_status import eye_status_path
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object
from edge.wire.update_talk import (
    ENDS,
    Phase,
    Refusal,
    TalkError,
    acknowledged_path,
    boot_note_path,
    read_boot_note,
    read_report,
    write_report,
)

_LOOK_SECONDS = 2.0
_MAX_STATUS_BYTES = 65_536
logger = logging.getLogger("vigie.commit")


@dataclass(frozen=True, slots=True)
class Committer:
    """What the verdict needs of the pole.

    has_data: whether the data partition is there; restart: ends this boot; pause: until the next
    look. trial_seconds: how long a new slot has.
    """

    data: Path
    image: Image
    boot_id: str
    floor: VersionFloor
    open_slots: Callable[[], AbstractContextManager[Slots]]
    has_data: Callable[[], bool]
    restart: Callable[[], None]
    pause: Callable[[], None]
    clock: Clock
    trial_seconds: int = DEFAULT_TRIAL_SECONDS

    def run(self) -> None:
        """Until the slot that runs is settled. Raises BootError, OSError."""
        trial = Trial(self.clock.monotonic_ns(), self.trial_seconds)
        with self.open_slots() as slots:
            is_trial = slots.read_record().stage in {Stage.TRYING, Stage.RETURNING}
        if not is_trial:
            # The reports lie on the data partition; a start that was not told yet stays untold.
            self._wait_for_data()
        with self.open_slots() as slots:
            before, after = slots.start()
        logger.info("slot slot=%s version=%s stage=%s", self.image.slot, self.image.version,
                    after.stage.value)  # fmt: skip
        self._tell_start(before, after)
        if after.stage is Stage.TRYING:
            self._watch(trial)
        elif after.stage is Stage.RETURNING:
            self.restart()
        else:
            self._raise_floor()

    def look(self) -> Seen:
        """What eye and link have left about this boot."""
        note = read_boot_note(boot_note_path(self.data))
        acknowledged = read_boot_note(acknowledged_path(self.data))
        is_acknowledged = note is not None and note == acknowledged and note.boot_id == self.boot_id
        return Seen(_read_frames(self.data), is_acknowledged)

    def _watch(self, trial: Trial) -> None:
        while (verdict := trial.look(self.look(), self.clock.monotonic_ns())) is Verdict.WAIT:
            if self.has_data():
                self._tell("trying")
            self.pause()
        slot = Slot(self.image.slot)
        if verdict is Verdict.KEEP:
            with self.open_slots() as slots:
                slots.apply(Event.PROVE, slot)
            self._raise_floor()
            self._tell("committed")
            return
        # The reason first: behind the next line this boot may end at any moment.
        self._tell("returned", trial.refusal, trial.words)
        with self.open_slots() as slots:
            slots.apply(Event.GIVE_UP, slot)
        self.restart()

    def _wait_for_data(self) -> None:
        while not self.has_data():
            self.pause()

    def _tell_start(self, before: Record, after: Record) -> None:
        """What a start alone says about the last update."""
        if before.stage is after.stage:
            return
        match (before.stage, after.stage):
            case (Stage.ARMED, Stage.STEADY):
                self._tell("returned", "slot_failed", "the new slot did not come up")
            case (Stage.TRYING, Stage.STEADY) if after.slot is None:
                self._tell("committed")
            case (Stage.TRYING, _):
                self._tell("returned", "power", "the new slot was cut off while it was tried")
            case (Stage.RETURNING, _):
                # Its own reason stands already, unless it never had the disk to write it on.
                self._tell("returned", "no_progress", "the new slot did not get its data")

    def _raise_floor(self) -> None:
        """The primary that runs is the least from now on."""
        version = parse_version(self.image.version)
        if version is None:
            return
        try:
            self.floor.raise_to(version)
        except OSError as error:
            # The floor never falls below what runs; the next start writes it again.
            logger.error("floor_not_raised reason=%s", error.strerror)  # noqa: TRY400 - a full disk, no traceback

    def _tell(self, phase: Phase, refusal: Refusal | None = None, message: str = "") -> None:
        try:
            report = read_report(self.data)
            if report is not None and report.phase not in {phase, *ENDS}:
                logger.info("update phase=%s refusal=%s", phase, refusal or "none")
                told = replace(report, phase=phase, refusal=refusal, message=message)
                write_report(self.data, told)
        except (TalkError, OSError) as error:
            logger.error("report_not_written reason=%s", error)  # noqa: TRY400 - told by the journal instead


def _read_frames(data: Path) -> int | None:
    """Frames analysed by all cameras since the eye started; None: no status that can be read."""
    content = read_bounded(eye_status_path(data), _MAX_STATUS_BYTES)
    if content is None:
        return None
    try:
        said = parse_object(
            content, what="the status", max_bytes=_MAX_STATUS_BYTES, refusal=ProblemsError
        )
    except ProblemsError:
        return None
    cameras = said.get("cameras")
    if not isinstance(cameras, list):
        return None
    counts = [each.get("frames_analysed") for each in cameras if isinstance(each, dict)]
    return sum(count for count in counts if isinstance(count, int))


def read_trial_seconds(image: Image) -> int:
    """How long a new slot has on this board, as its profile says."""
    said = image.settings.get("VIGIE_TRIAL_SECONDS", "")
    return int(said) if said.isdigit() and int(said) > 0 else DEFAULT_TRIAL_SECONDS


def make_committer(
    data: Path, root: Path = Path("/"), trial_seconds: int | None = None
) -> Committer:
    """For the pole that this runs on. trial_seconds: None: as the board's profile says.

    Raises BootError where it runs no image.
    """
    image = read_image(root)
    running = parse_version(image.version) if image else None
    if image is None or running is None:
        raise BootError(Kind.FAILED_PRECONDITION, "this machine runs no image: it has no slots")
    return Committer(
        data=data,
        image=image,
        boot_id=read_boot_id(root),
        floor=VersionFloor(root / STATE, data, running),
        open_slots=lambda: open_slots(image, root),
        has_data=data.parent.is_mount,
        restart=lambda: restart(root),
        pause=lambda: time.sleep(_LOOK_SECONDS),
        clock=SystemClock(),
        trial_seconds=trial_seconds or read_trial_seconds(image),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Settle this boot; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="the pole's state")
    parser.add_argument("--trial-seconds", type=int, help="instead of the board's own time")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        make_committer(asked.data, trial_seconds=asked.trial_seconds).run()
    except VigieError as error:
        sys.stderr.write(f"vigie: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"vigie: {error.filename}: {error.strerror}\n")
        return EXIT_CODES[Kind.UNAVAILABLE]
    return 0


if __name__ == "__main__":
    sys.exit(main())
