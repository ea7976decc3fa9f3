"""docs/reference/cli.md: the --help of every command, in the order of the command table."""

import sys
from collections.abc import Iterator

import click

from edge.cli import main as command_line

WIDTH_CHARS = 96

OPENING = """\
# The command line

Generated from `vigie --help` by `tools/reference`; do not edit.

Data goes to stdout, messages to stderr. `--json` prints one object a line. A command may be
shortened to any beginning that fits only one. Exit codes: 0 ok, 1 the answer is no, 2 wrong
usage, 3 invalid input, 4 not found, 5 refused, 6 unavailable, 7 data damaged, 70 a defect of
vigie, 130 interrupted by Ctrl-C.

Work of more than two seconds says how far it is: with a bar on a terminal, with a line now and then
elsewhere and with `vigie --plain …`. `NO_COLOR` leaves the colours out.

For completion of commands and options, put one of these lines where your shell starts:

| shell | file | line |
| --- | --- | --- |
| bash | `~/.bashrc` | `eval "$(_VIGIE_COMPLETE=bash_source vigie)"` |
| zsh | `~/.zshrc` | `eval "$(_VIGIE_COMPLETE=zsh_source vigie)"` |
| fish | `~/.config/fish/completions/vigie.fish` | `_VIGIE_COMPLETE=fish_source vigie \\| source` |
"""


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for context in walk():
        told = "\n".join(line.rstrip() for line in context.get_help().splitlines())
        parts.append(f"## {context.command_path}\n\n```text\n{told}\n```\n")
    return "\n".join(parts)


def walk() -> Iterator[click.Context]:
    """Each command, the group before its members. A module that is not there yet is skipped."""
    yield from _walk(command_line.vigie, "vigie", None)


def _walk(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[click.Context]:
    context = click.Context(command, parent, name, terminal_width=WIDTH_CHARS)
    yield context
    if not isinstance(command, click.Group):
        return
    for member in command.list_commands(context):
        try:
            found = command.get_command(context, member)
        except ModuleNotFoundError as missing:
            if missing.name is None or not missing.name.startswith("edge.cli."):
                raise
            print(f"skipped: vigie {member} ({missing})", file=sys.stderr)
            continue
        if found and not found.hidden:
            yield from _walk(found, member, context)
