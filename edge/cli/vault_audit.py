"""`vigie vault audit`: what a pole did with each clip asked of it, and whether that is whole."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.pole_data import pole_data_option

if TYPE_CHECKING:
    from edge.vault.clips_audit import AuditCheck

AUDIT_EXAMPLES = """\
\b
Examples:
  vigie vault audit --data /var/lib/vigie/pole
  vigie vault audit --data /var/lib/vigie/pole --json
\b
Exit codes: 0 the chain is whole, 4 there is no audit, 5 not your vault, 7 a line is damaged.
"""


@click.command(epilog=AUDIT_EXAMPLES)
@pole_data_option
@voice.json_option
@click.pass_context
def audit(ctx: click.Context, data: Path, as_json: bool) -> None:
    """List what was done with each clip, and name the first line that does not belong.

    Lines that were cut off the end leave no trace in a chain: the collector's audit has them too.
    """
    from edge.vault.clips_audit import FILE_NAME, check_audit  # noqa: PLC0415 - loads the wire
    from edge.vault.places import VaultPlaces  # noqa: PLC0415 - sqlite3

    path = VaultPlaces(data).vault / FILE_NAME
    checked = check_audit(path)
    if as_json:
        voice.print_json(_as_record(path, checked))
    else:
        _say(checked)
    if checked.damage is not None:
        if not as_json:
            raise checked.damage
        ctx.exit(checked.damage.exit_code)


def _as_record(path: Path, checked: "AuditCheck") -> dict[str, object]:
    return {
        "audit": str(path),
        "is_whole": checked.damage is None,
        "head": checked.head,
        "torn_bytes": checked.torn_bytes,
        "damage": checked.damage.what if checked.damage else None,
        "lines": [
            {
                "line": each.line,
                "utc_ms": each.utc_ms,
                "act": each.act,
                "clip": each.clip,
                "detail": dict(each.detail),
            }
            for each in checked.lines
        ],
    }


def _say(checked: "AuditCheck") -> None:
    from edge.vault.places import moment_text  # noqa: PLC0415 - sqlite3

    rows = [
        (
            str(each.line),
            moment_text(each.utc_ms * 1_000_000),
            each.act,
            each.clip,
            " ".join(f"{name}={value}" for name, value in each.detail.items() if value is not None),
        )
        for each in checked.lines
    ]
    voice.print_table(("line", "time (UTC)", "act", "clip", "detail"), rows)
    if checked.torn_bytes:
        voice.say(
            f"{checked.torn_bytes} bytes of a last line have no end: it was never acted on, and "
            "the vault's next start removes it"
        )
    if checked.damage is None:
        voice.say(f"the chain of {len(rows)} lines is whole; its head is {checked.head}")
