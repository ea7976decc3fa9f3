"""`vigie edge`: the rooms of a pole, as processes."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.edge_units import units
from edge.cli.nouns import NounGroup
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.service.keeper import Room

EXAMPLES = """\
\b
Examples:
  vigie edge run --site site.toml --data /var/lib/vigie/pole --models models
  vigie edge run --site site.toml --data pole --models models --eye-only --once
"""
# Longest time between two signs of progress, as WatchdogSec in the units says it.
SILENCE_SECONDS = {"eye": 10.0, "vault": 10.0, "link": 30.0}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the rooms are started with."""

    site: Path | None
    data: Path
    models: Path | None
    loop: bool
    once: bool


@click.group(cls=NounGroup, epilog=EXAMPLES, commands=[units])
def edge() -> None:
    """Run the eye, the vault and the link of a pole."""


@edge.command(epilog=EXAMPLES)
@click.option("--site", type=click.Path(path_type=Path), help="The site file.")
@click.option(
    "--data",
    "state_dir",
    type=click.Path(path_type=Path),
    required=True,
    help="The pole's state: spool, ring, identity, status.",
)
@click.option("--models", type=click.Path(path_type=Path), help="Where built models stand.")
@click.option("--loop", is_flag=True, help="Begin recordings anew at their end.")
@click.option("--once", is_flag=True, help="End when every recording has ended.")
@click.option("--eye-only", is_flag=True, help="Only the eye; events wait in the spool.")
@click.option("--vault-only", is_flag=True, help="Only the vault; keep and verify the ring.")
@click.option("--link-only", is_flag=True, help="Only the link; deliver what waits.")
@click.pass_context
def run(
    ctx: click.Context,
    *,
    site: Path | None,
    state_dir: Path,
    models: Path | None,
    loop: bool,
    once: bool,
    eye_only: bool,
    vault_only: bool,
    link_only: bool,
) -> None:
    """Watch the site's cameras, keep the ring and deliver events until interrupted.

    Eye, vault and link are processes of their own. One that dies or makes no progress is started
    anew, alone; one that cannot start the first time ends all with its own exit code. A pole that
    is not enrolled runs the eye only: it has nobody to tell and no mandate to record under.
    """
    if eye_only + vault_only + link_only > 1:
        raise click.UsageError("--eye-only, --vault-only and --link-only exclude each other")
    if site is None and not (link_only or vault_only):
        raise click.UsageError("name a site file with --site")
    asked = _Asked(site, state_dir, models, loop, once)
    _check_places(site, state_dir)
    if eye_only or not (vault_only or link_only or _is_enrolled(state_dir)):
        names = ["eye"]
    elif vault_only or link_only:
        names = ["vault" if vault_only else "link"]
    else:
        names = ["vault", "eye", "link"]
    ctx.exit(_keep(asked, names))


def _is_enrolled(data: Path) -> bool:
    from edge.enrolment.identity import CERTIFICATE, identity_folder  # noqa: PLC0415 - cryptography

    if (identity_folder(data) / CERTIFICATE).exists():
        return True
    voice.say(
        "vigie: this pole is not enrolled, so only its eye runs\n"
        "  Make a token with 'vigie device invite NAME' at the collector, then run "
        "'vigie device enrol' here."
    )
    return False


def _keep(asked: _Asked, names: list[str]) -> int:
    from edge.clock import SystemClock  # noqa: PLC0415
    from edge.service.keeper import keep  # noqa: PLC0415
    from edge.spool.places import ensure_spool_folder  # noqa: PLC0415 - loads SQLite

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    ensure_spool_folder(asked.data)
    return keep([_room(name, asked) for name in names], SystemClock())


def _room(name: str, asked: _Asked) -> "Room":
    from edge.service.keeper import Room  # noqa: PLC0415
    from edge.spool.places import spool_folder  # noqa: PLC0415 - loads SQLite

    command = [sys.executable, "-m", f"edge.{name}.run", "--data", str(asked.data)]
    if name == "eye":
        command += _eye_words(asked)
    return Room(
        name,
        tuple(command),
        spool_folder(asked.data),
        silence_seconds=SILENCE_SECONDS[name],
        ends_all=name == "eye" and asked.once,
    )


def _eye_words(asked: _Asked) -> list[str]:
    from edge.eye.detector.library import default_models_dir  # noqa: PLC0415 - loads the card's room

    words = ["--site", str(asked.site), "--models", str(asked.models or default_models_dir())]
    return words + ["--loop"] * asked.loop + ["--once"] * asked.once


def _check_places(site: Path | None, state_dir: Path) -> None:
    """What the first room to end would otherwise hide behind the others' end."""
    if site is not None and not site.is_file():
        raise VigieError(
            Kind.NOT_FOUND,
            "there is no site file here",
            where=str(site),
            hint="Give its path with --site; 'vigie site check FILE' says whether it is good.",
        )
    try:
        state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as refused:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the state directory cannot be made: {refused.strerror}",
            where=str(state_dir),
            hint="Give a directory that this user may write to with --data DIR.",
        ) from refused
