"""`vigie edge`: the eye and the link of a pole, as processes."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.errors import Kind, VigieError

EXAMPLES = """\
\b
Examples:
  vigie edge run --site site.toml --data /var/lib/vigie/pole --models models
  vigie edge run --site site.toml --data pole --models models --eye-only --once
"""
_END_SECONDS = 20.0
_POLL_SECONDS = 0.2


@click.group(cls=NounGroup, epilog=EXAMPLES)
def edge() -> None:
    """Run the eye and the link of a pole."""


@edge.command(epilog=EXAMPLES)
@click.option("--site", type=click.Path(path_type=Path), help="The site file.")
@click.option(
    "--data",
    "state_dir",
    type=click.Path(path_type=Path),
    required=True,
    help="The pole's state: spool, identity, status.",
)
@click.option("--models", type=click.Path(path_type=Path), help="Where built models stand.")
@click.option("--loop", is_flag=True, help="Begin recordings anew at their end.")
@click.option("--once", is_flag=True, help="End when every recording has ended.")
@click.option("--eye-only", is_flag=True, help="Only the eye; events wait in the spool.")
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
    link_only: bool,
) -> None:
    """Watch the site's cameras and deliver events until interrupted.

    The eye and the link are processes of their own; when one ends, the other is ended too.
    """
    if eye_only and link_only:
        raise click.UsageError("--eye-only and --link-only exclude each other")
    if site is None and not link_only:
        raise click.UsageError("name a site file with --site")
    commands: list[list[str]] = []
    _check_places(site, state_dir)
    if not link_only:
        commands.append(_eye_command(site, state_dir, models, loop=loop, once=once))
    if not eye_only:
        commands.append([sys.executable, "-m", "edge.link.run", "--data", str(state_dir)])
    ctx.exit(_run_together(commands))


def _check_places(site: Path | None, state_dir: Path) -> None:
    """What the first process to end would otherwise hide behind the other's end."""
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


def _eye_command(
    site: Path | None, state_dir: Path, models: Path | None, *, loop: bool, once: bool
) -> list[str]:
    from edge.eye.detector.library import default_models_dir  # noqa: PLC0415 - loads the card's room

    command = [sys.executable, "-m", "edge.eye.run", "--site", str(site), "--data", str(state_dir)]
    command += ["--models", str(models or default_models_dir())]
    return command + ["--loop"] * loop + ["--once"] * once


def _run_together(commands: list[list[str]]) -> int:
    """Start all; when one ends or we are told to, end the rest. The first one's exit code."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with _started(commands) as children:
        while not ending.is_set() and all(child.poll() is None for child in children):
            ending.wait(_POLL_SECONDS)
        ended = [child for child in children if child.poll() is not None]
    if ending.is_set() and not ended:
        return 0
    code = max(int(child.returncode) for child in ended)
    if code < 0:
        voice.say(f"vigie: a process of the pole was killed by signal {-code}")
    return abs(code)


@contextlib.contextmanager
def _started(commands: list[list[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    # A group of their own: Ctrl-C comes to us, and we end them in order.
    children = [subprocess.Popen(command, process_group=0) for command in commands]
    try:
        yield children
    finally:
        for child in children:
            if child.poll() is None:
                child.terminate()
        for child in children:
            try:
                child.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
