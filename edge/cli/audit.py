"""`vigie audit`: the log of every read, review and change, for those who check on others."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.collector import data_option, list_lines, verify
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
    """Read and verify the chained log of a collector; `vigie collector audit` is the same."""


@audit.command("list", epilog=LIST_EXAMPLES)
@data_option
@click.option("--after", default=0, show_default=True, help="Only lines above this number.")
@click.option(
    "--limit", type=WholeNumber(1, 1000), default=100, show_default=True, help="How many."
)
@voice.json_option
def list_(data: Path, after: int, limit: int, as_json: bool) -> None:
    """Show lines of the log; that is itself written to it first."""
    assert list_lines.callback is not None
    list_lines.callback(data, after, limit, as_json)


@audit.command("verify", epilog=VERIFY_EXAMPLES)
@data_option
@voice.json_option
def verify_(data: Path, as_json: bool) -> None:
    """Walk the whole chain; the first line that does not belong is named."""
    assert verify.callback is not None
    verify.callback(data, as_json)
