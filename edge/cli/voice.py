"""How the command line speaks: data on stdout, everything else on stderr, one error voice."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import click

from edge.errors import EXIT_CODES, Kind, VigieError

EXIT_BUG = EXIT_CODES[Kind.INTERNAL]
# Options that stand before the command.
OF_VIGIE_ITSELF = ("--debug", "--plain")


@dataclass(frozen=True, slots=True)
class Voice:
    """What the person at the terminal asked of the output as a whole."""

    debug: bool
    plain: bool

    @property
    def has_bars(self) -> bool:
        """True where bars are wanted: a terminal that can move its cursor, and no --plain.

        NO_COLOR is rich's to obey: a bar without colours.
        """
        is_able = os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}
        return sys.stderr.isatty() and is_able and not self.plain


json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, for machines."
)


def say(message: str) -> None:
    """A message for a person, on stderr."""
    click.echo(message, err=True)


def print_json(record: Mapping[str, object]) -> None:
    """One object on one line of stdout, at once."""
    import json  # noqa: PLC0415 - a thirtieth of --help, which prints none

    click.echo(json.dumps(record, ensure_ascii=False))
    sys.stdout.flush()


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A plain table on stdout, columns as wide as their widest cell."""
    cells = [tuple(headings), *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def show_error(error: VigieError, *, debug: bool) -> None:
    """One clear message; the traceback only when asked for."""
    if debug:
        _show_traceback(error)
    say(f"vigie: {error}")


def show_usage(refused: click.ClickException) -> None:
    """A command line that cannot be understood, in the same voice; a bare group shows its help."""
    if isinstance(refused, click.exceptions.NoArgsIsHelpError):
        refused.show()
        return
    what = refused.format_message()
    said = f"vigie: {what[0].lower()}{what[1:]}"
    context = refused.ctx if isinstance(refused, click.UsageError) else None
    if isinstance(refused, click.NoSuchOption) and refused.option_name in OF_VIGIE_ITSELF:
        say(f"{said}\n  Write it before the command: vigie {refused.option_name} …")
    elif context is not None:
        say(f"{said}\n  See '{context.command_path} --help'.")
    else:
        say(said)


def show_bug(bug: BaseException, *, debug: bool) -> None:
    """Our own fault, said as such, with the way to tell us."""
    if debug:
        _show_traceback(bug)
    say(
        f"vigie: internal error ({type(bug).__name__}: {bug})\n"
        "  This is a defect of vigie. Run the command again with 'vigie --debug …' and send us "
        "what it prints."
    )


def _show_traceback(error: BaseException) -> None:
    import traceback  # noqa: PLC0415 - for those who ask for it

    traceback.print_exception(error)
