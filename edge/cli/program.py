"""How a program of ours ends: one clear message and an exit code that means it."""

import sys
from typing import NoReturn

import click

from edge.cli import voice
from edge.errors import EXIT_OK, EXIT_USAGE, Kind, VigieError

# What a pole's image leaves out.
OF_OTHER_MACHINES = ("collector", "edge.builder", "edge.demo")
# What shells say of a program that Ctrl-C ended: 128 and the number of SIGINT.
EXIT_INTERRUPTED = 130


def run_program(
    command: click.Command, name: str, *, shows_where_bugs_are: bool = False
) -> NoReturn:
    """Run a command line under this name; every way out ends the process here.

    shows_where_bugs_are: with the traceback of a defect at once, for programs of developers.
    """
    debug = "--debug" in sys.argv
    try:
        # Without its standalone mode click returns what a command gave to ctx.exit.
        code = command.main(prog_name=name, standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        voice.say(f"{name}: interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as refused:
        voice.show_usage(refused)
        sys.exit(EXIT_USAGE)
    except VigieError as error:
        voice.show_error(error, debug=debug)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as absent:
        _end_without(absent, debug=debug or shows_where_bugs_are)
    except Exception as bug:  # noqa: BLE001 - the outermost loop of this process
        voice.show_bug(bug, debug=debug or shows_where_bugs_are)
        sys.exit(voice.EXIT_BUG)
    sys.exit(code if isinstance(code, int) else EXIT_OK)


def _end_without(absent: ModuleNotFoundError, *, debug: bool) -> NoReturn:
    """On a pole some commands have nothing to run; any other module that is missing is a bug."""
    name = absent.name or ""
    if not any(name == each or name.startswith(f"{each}.") for each in OF_OTHER_MACHINES):
        voice.show_bug(absent, debug=debug)
        sys.exit(voice.EXIT_BUG)
    error = VigieError(
        Kind.FAILED_PRECONDITION,
        "this is a pole's part of Vigie, and that command is not in it",
        hint="Run it in the control room or at a desk, where all of Vigie is installed.",
    )
    voice.show_error(error, debug=debug)
    sys.exit(error.exit_code)
