"""`vigie`: the table of commands, loaded only when named, so that --help costs nothing."""

import atexit
import gc
import importlib
import sys
from typing import NoReturn

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.errors import EXIT_OK, EXIT_USAGE, VigieError

GROUPS: dict[str, tuple[str, str]] = {
    "edge": ("edge.cli.edge", "Run the eye, the vault and the link of a pole."),
    "collector": ("edge.cli.collector", "Run the control room's collector."),
    "events": ("edge.cli.events", "Follow, list, show and review events."),
    "rules": ("edge.cli.rules", "Check, draw, explain and replay rules."),
    "site": ("edge.cli.site", "Check and draw a site file."),
    "mandate": ("edge.cli.mandate", "Write, sign, show, verify and revoke what a pole may do."),
    "device": ("edge.cli.device", "Invite, enrol, list and revoke devices."),
    "spool": ("edge.cli.spool", "List and verify the events a pole still holds."),
    "vault": ("edge.cli.vault", "List and verify the sealed video a pole holds."),
    "clip": ("edge.cli.clip", "Open sealed clips and verify them offline."),
    "calibration": ("edge.cli.calibration", "Write what calibrations saw."),
    "audit": ("edge.cli.audit", "List and verify the collector's log."),
    "models": ("edge.cli.models", "List, add, build and verify detectors."),
    "demo": ("edge.cli.demo", "Watch the whole path from a picture to the control room."),
}

# What shells say of a program that Ctrl-C ended: 128 and the number of SIGINT.
EXIT_INTERRUPTED = 130

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
    """Run the command line; every way out goes through here with an exit code that means it."""
    # The interpreter's last collections walk all that was ever imported: a fifth of --help, a
    # quarter of a command that talks gRPC. What is frozen they leave alone.
    atexit.register(gc.freeze)
    debug = "--debug" in sys.argv
    try:
        # Without its standalone mode click returns what a command gave to ctx.exit.
        code = vigie.main(prog_name="vigie", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        voice.say("vigie: interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as refused:
        voice.show_usage(refused)
        sys.exit(EXIT_USAGE)
    except VigieError as error:
        voice.show_error(error, debug=debug)
        sys.exit(error.exit_code)
    except Exception as bug:  # noqa: BLE001 - the outermost loop of this process
        voice.show_bug(bug, debug=debug)
        sys.exit(voice.EXIT_BUG)
    sys.exit(code if isinstance(code, int) else EXIT_OK)


if __name__ == "__main__":
    main()
