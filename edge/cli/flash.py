"""`vigie flash`: an image and a provisioning file onto a card, read back and compared."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.errors import EXIT_ANSWER_IS_NO

if TYPE_CHECKING:
    from edge.cli.flash_job import Job
    from edge.flash.disks import Disk

EXAMPLES = """\
\b
Examples:
  vigie flash
  vigie flash vigie-rpi-0.1.0.img.xz --disk sdb --provision north-gate.provision.json
  vigie flash vigie-rpi-0.1.0.img.xz --batch poles.csv --provision cards
  vigie flash vigie-rpi-0.1.0.img.xz --disk sdb --provision yard.json --visit yard.token.json
  vigie flash vigie-qemu-amd64-0.1.0.img --to card.img --provision north-gate.provision.json
\b
Without an image it lists the disks that may be written. Beside the image stands its
NAME.manifest.json, and the fleet's signature in NAME.manifest.dsse. The partition table is written
last, and the provisioning file after all was read back: a card that was cut off boots nowhere.
\b
Exit codes: 0 written, 1 not meant or skipped, 2 no disk named, 5 refused, 6 the disk went away,
7 image or card damaged.
"""
_PATH = click.Path(path_type=Path)


@click.command(epilog=EXAMPLES)
@click.argument("image", type=_PATH, required=False)
@click.option("--disk", "named", metavar="DISK", help="Such as sdb; all of it is overwritten.")
@click.option("--to", type=_PATH, metavar="FILE", help="Write a file instead of a disk.")
@click.option("--provision", "file", type=_PATH, help="The pole's file; with --batch their folder.")
@click.option("--visit", type=_PATH, help="A technician's token: the first start opens the page.")
@click.option("--fleet-key", type=_PATH, help="The provision.pub that must have signed the image.")
@click.option("--batch", "poles", type=_PATH, metavar="CSV", help="One card after another.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@voice.json_option
@click.pass_obj
def flash(
    said: voice.Voice,
    *,
    image: Path | None,
    named: str | None,
    to: Path | None,
    file: Path | None,
    visit: Path | None,
    fleet_key: Path | None,
    poles: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write a card for a pole: image, read back, then who the pole is."""
    from edge.cli.flash_job import Job, load_job  # noqa: PLC0415 - loads cryptography

    if image is None:
        if named or to or file or visit or poles:
            raise click.UsageError("name the image to write")
        _list(as_json=as_json)
        return
    _check_options(named, to, file, poles, yes=yes)
    if poles is not None and visit is not None:
        raise click.UsageError("a token is for one pole: leave out --visit or --batch")
    if poles is not None:
        from edge.cli.flash_batch import Plan, flash_batch  # noqa: PLC0415

        plan = Plan(image, poles, file or poles.parent, fleet_key)
        flash_batch(said, plan, is_dry=dry_run, as_json=as_json)
        return
    if not (named or to):
        _list(as_json=False)
        raise click.UsageError("say which disk with --disk, or which file with --to")
    assert file is not None
    job: Job = load_job(image, file, visit, fleet_key)
    job.require_programs()
    if to is not None:
        _flash_file(said, job, to, is_dry=dry_run, as_json=as_json)
        return
    assert named is not None
    disk = job.find_disk(named)
    if dry_run:
        voice.say(f"would write {job.words} to {disk.words}")
        job.tell_signature()
        return
    if not yes and not is_meant(disk, job.device):
        voice.say(f"vigie: nothing was written; {disk.path} is as it was")
        raise click.exceptions.Exit(EXIT_ANSWER_IS_NO)
    job.check_image(said)
    job.write_disk(said, disk)
    tell(job, disk.path, as_json=as_json)


def tell(job: "Job", target: str, *, as_json: bool) -> None:
    """What stands where now."""
    if as_json:
        image = job.image
        told = {"device": job.device, "target": target, "image": str(image.path)}
        voice.print_json(told | {"size_bytes": image.size_bytes, "sha256": image.sha256})
    else:
        click.echo(f"{target}: {job.words}; read back and right")


def is_meant(disk: "Disk", device: str) -> bool:
    """Whether the person types the disk's name; nobody there to answer is a wrong command line."""
    question = f"{device}: all of {disk.words} is lost. Type {disk.name} to overwrite it"
    return ask(question) in {disk.name, disk.path}


def ask(question: str) -> str:
    """What a person answers; nothing is an answer. Raises click's errors."""
    try:
        return str(click.prompt(question, default="", show_default=False, err=True)).strip()
    except click.Abort:
        if sys.stdin.isatty():
            raise
        voice.say("")
        raise click.UsageError("there is nobody to ask here; give --disk and --yes") from None


def show_disks(disks: "tuple[Disk, ...]") -> None:
    """A table of the disks that may be written."""
    rows = [
        (disk.name, disk.size_words, disk.model, disk.bus, ", ".join(disk.mounted) or "nothing")
        for disk in disks
    ]
    voice.print_table(("disk", "size", "model", "bus", "mounted"), rows)


def _list(*, as_json: bool) -> None:
    from edge.flash.disks import is_offered, list_disks  # noqa: PLC0415
    from edge.flash.programs import require_programs  # noqa: PLC0415

    require_programs("lsblk")
    disks = tuple(disk for disk in list_disks() if is_offered(disk))
    if as_json:
        for disk in disks:
            told = {"disk": disk.name, "path": disk.path, "size_bytes": disk.size_bytes}
            told |= {"model": disk.model, "bus": disk.bus, "mounted": list(disk.mounted)}
            voice.print_json(told | {"is_read_only": disk.is_read_only})
    elif disks:
        show_disks(disks)
    else:
        voice.say("no removable disk is here; put a card in")


def _check_options(
    named: str | None, to: Path | None, file: Path | None, poles: Path | None, *, yes: bool
) -> None:
    """What cannot be meant together."""
    if poles is not None:
        if named or to or yes:
            raise click.UsageError("--batch asks for each card: leave out --disk, --to and --yes")
    elif file is None:
        raise click.UsageError(
            "name the pole's file with --provision; 'vigie provision new' makes one"
        )
    if named and to:
        raise click.UsageError("give one of --disk and --to")


def _flash_file(said: voice.Voice, job: "Job", to: Path, *, is_dry: bool, as_json: bool) -> None:
    job.check_file(to)
    if is_dry:
        voice.say(f"would write {job.words} to {to}")
        job.tell_signature()
        return
    job.check_image(said)
    job.write_file(said, to)
    tell(job, str(to), as_json=as_json)
