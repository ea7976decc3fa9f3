"""`vigie audit`: the log of every read, review and change, for those who check on others."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.collector import data_option
from edge.cli.nouns import NounGroup, WholeNumber

GROUP_EXAMPLES = """\
\b
Examples:
  vigie audit list --data /var/lib/vigie-collector
  vigie audit verify --data /var/lib/vigie-collector
"""
LIST_EXAMPLES = """\
\b
Examples:
  vigie audit list --data /var/lib/vigie-collector
  vigie audit list --data /var/lib/vigie-collector --after 120 --json
"""
VERIFY_EXAMPLES = """\
\b
Examples:
  vigie audit verify --data /var/lib/vigie-collector
  vigie audit verify --data /media/copy --json
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def audit() -> None:
    """Read and verify a collector's chained log of every read, review and change."""


@audit.command("list", epilog=LIST_EXAMPLES)
@data_option
@click.option("--after", default=0, show_default=True, help="Only lines above this number.")
@click.option(
    "--limit", type=WholeNumber(1, 1000), default=100, show_default=True, help="How many."
)
@voice.json_option
def list_lines(data: Path, after: int, limit: int, as_json: bool) -> None:
    """Show lines of the log; that is itself written to it first."""
    from collector.auditing import read_audited  # noqa: PLC0415 - sqlite3 only where it is read
    from edge.clock import SystemClock  # noqa: PLC0415

    lines = read_audited(data, SystemClock(), after, limit)
    if as_json:
        for line in lines:
            voice.print_json(line.as_record())
        return
    headings = ("line", "time (UTC)", "who", "action", "object", "detail")
    voice.print_table(headings, [line.as_cells() for line in lines])


@audit.command(epilog=VERIFY_EXAMPLES)
@data_option
@voice.json_option
def verify(data: Path, as_json: bool) -> None:
    """Walk the whole chain; the first line that does not belong is named."""
    from collector.auditing import verify_directory  # noqa: PLC0415

    lines, head = verify_directory(data)
    if as_json:
        voice.print_json({"lines": lines, "head": head.hex()})
    else:
        voice.say(f"the chain of {lines} lines is whole; its head is {head.hex()}")
