"""`vigie flash --batch`: a card for each pole of a list, one after another, each asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.flash import ask, show_disks, tell
from edge.cli.flash_job import Job, load_job
from edge.cli.pole_list import read_poles
from edge.cli.provision_making import SUFFIX
from edge.errors import EXIT_ANSWER_IS_NO, Kind, VigieError
from edge.flash import disks

SKIP, STOP = "skip", "stop"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write. poles: the list; folder: of the provisioning files; fleet_key: as load_job."""

    image: Path
    poles: Path
    folder: Path
    fleet_key: Path | None


def flash_batch(said: voice.Voice, plan: Plan, *, is_dry: bool, as_json: bool) -> None:
    """Write all cards of a list.

    Every file is checked before the first card. Raises VigieError; Exit(1) when some were skipped.
    """
    jobs = _load_jobs(plan, [each.device for each in read_poles(plan.poles)])
    jobs[0].require_programs()
    if is_dry:
        for job in jobs:
            voice.say(f"would write {job.words}")
        jobs[0].tell_signature()
        return
    jobs[0].check_image(said)
    left = list(jobs)
    for job in jobs:
        voice.say(f"card {jobs.index(job) + 1} of {len(jobs)}: {job.device}")
        answer = _write_one(said, job, as_json=as_json)
        if answer == STOP:
            break
        if answer != SKIP:
            left.remove(job)
    if left:
        voice.say(f"vigie: not written: {', '.join(job.device for job in left)}")
        raise click.exceptions.Exit(EXIT_ANSWER_IS_NO)


def _write_one(said: voice.Voice, job: Job, *, as_json: bool) -> str:
    """Ask until the card is written, skipped or all is stopped; the person's last word."""
    while True:
        show_disks(tuple(disk for disk in disks.list_disks() if disks.is_offered(disk)))
        answer = ask(f"{job.device}: type the disk to overwrite, Enter to look again, skip or stop")
        if answer in {SKIP, STOP}:
            return answer
        try:
            if answer:
                disk = job.find_disk(answer)
                job.write_disk(said, disk)
                tell(job, disk.path, as_json=as_json)
                return answer
        except VigieError as error:
            # A card that fails is one card; the next may be good.
            voice.show_error(error, debug=said.debug)


def _load_jobs(plan: Plan, devices: Sequence[str]) -> list[Job]:
    """The jobs of all poles. Raises VigieError with what is wrong with each."""
    jobs, problems = [], []
    for device in devices:
        try:
            file = plan.folder / f"{device}{SUFFIX}"
            jobs.append(load_job(plan.image, file, fleet_key=plan.fleet_key))
        except VigieError as error:
            problems.append(f"{device}: {error}".replace("\n", "\n  "))
    if problems:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            "\n  ".join(["no card was written:", *problems]),
            hint="'vigie provision batch' makes the files.",
        )
    return jobs
