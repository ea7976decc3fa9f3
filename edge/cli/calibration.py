"""`vigie calibration`: what a calibration saw, as a page for those who decide about it."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.collector import data_option
from edge.cli.nouns import NounGroup
from edge.errors import Kind, VigieError

GROUP_EXAMPLES = """\
\b
Examples:
  vigie calibration report --out calibration.html
  vigie calibration report --data /var/lib/vigie-collector --out calibration.html
"""
REPORT_EXAMPLES = """\
\b
Examples:
  vigie calibration report --out calibration.html
  vigie calibration report --data /media/copy --out calibration.html --json
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def calibration() -> None:
    """Write what calibrations saw, rule by rule."""


@calibration.command(epilog=REPORT_EXAMPLES)
@data_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where to write the page, HTML.",
)
@voice.json_option
def report(data: Path, out: Path, as_json: bool) -> None:
    """Write one page: signals, reviews, rates and hours of each rule; without pictures."""
    from datetime import datetime  # noqa: PLC0415 - a command's own cost

    from collector.auditing import audited  # noqa: PLC0415 - sqlite3 only where it is read
    from collector.calibration_report import write_report  # noqa: PLC0415
    from collector.calibrations import select_rules  # noqa: PLC0415
    from edge.clock import SystemClock  # noqa: PLC0415

    clock = SystemClock()
    with audited(data, clock, "read calibration", str(out)) as reader:
        rules = select_rules(reader)
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    try:
        out.write_text(write_report(rules, clock.utc_ns() // 1_000_000, zone))
    except OSError as refused:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the report cannot be written ({refused.strerror})",
            where=str(out),
            hint="Give a file in a folder that is yours with --out FILE.",
        ) from refused
    signals = sum(len(rule.signals) for rule in rules)
    if as_json:
        voice.print_json({"report": str(out), "rules": len(rules), "signals": signals})
    else:
        voice.say(f"{out}: {signals} signals of {len(rules)} rules")
