"""`vigie`: the table of commands, loaded only when named, so that --help costs nothing."""

import atexit
import gc
import importlib
from typing import NoReturn

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.program import run_program

GROUPS: dict[str, tuple[str, str]] = {
    "edge": ("edge.cli.edge", "Run the eye, the vault and the link of a pole."),
    "eye": ("edge.cli.eye", "Watch what the eye sees, on a bench."),
    "collector": ("edge.cli.collector", "Run the control room's collector."),
    "events": ("edge.cli.events", "Follow, list, show and review events."),
    "rules": ("edge.cli.rules", "Check, draw, explain and replay rules."),
    "site": ("edge.cli.site", "Check and draw a site file."),
    "mandate": ("edge.cli.mandate", "Write, sign, show, verify and revoke what a pole may do."),
    "device": ("edge.cli.device", "Invite, enrol, list and revoke devices."),
    "update": ("edge.cli.update", "Roll out updates: push, status, halt, resume."),
    "provision": ("edge.cli.provision", "Make, show and verify what tells a fresh pole who it is."),
    "flash": ("edge.cli.flash", "Write a card for a pole: image, read back, then who it is."),
    "doctor": ("edge.cli.doctor", "Examine a pole, sign its acceptance, open its aiming page."),
    "spool": ("edge.cli.spool", "List and verify the events a pole still holds."),
    "vault": ("edge.cli.vault", "List and verify the sealed video a pole holds."),
    "clip": ("edge.cli.clip", "Open sealed clips and verify them offline."),
    "calibration": ("edge.cli.calibration", "Write what calibrations saw."),
    "audit": ("edge.cli.audit", "List and verify the collector's log."),
    "models": ("edge.cli.models", "List, add, build and verify detectors."),
    "demo": ("edge.cli.demo", "Watch the whole path from a picture to the control room."),
}

EXAMPLES = """\
\b
Examples:
  vigie demo --seconds 60
  vigie events tail --json
"""


class LazyGroup(NounGroup):
    """A group whose commands are imported when they are named, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module behind a name."""
        if cmd_name not in GROUPS:
            return None
        command = getattr(importlib.import_module(GROUPS[cmd_name][0]), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's own sentences, so that listing imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in GROUPS.items()])


@click.group(cls=LazyGroup, epilog=EXAMPLES, context_settings={"max_content_width": 100})
@click.version_option(package_name="vigie", prog_name="vigie")
@click.option("--debug", is_flag=True, help="Show the traceback behind an error.")
@click.option("--plain", is_flag=True, help="No colour, no progress bars.")
@click.pass_context
def vigie(ctx: click.Context, debug: bool, plain: bool) -> None:
    """Street-camera firmware: detects on the pole, sends events, keeps the video there."""
    ctx.obj = voice.Voice(debug=debug, plain=plain)


def main() -> NoReturn:
    """Run the command line."""
    # The interpreter's last collections walk all that was ever imported: a fifth of --help, a
    # quarter of a command that talks gRPC. What is frozen they leave alone.
    atexit.register(gc.freeze)
    run_program(vigie, "vigie")


if __name__ == "__main__":
    main()
