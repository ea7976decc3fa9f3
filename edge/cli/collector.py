"""`vigie collector`: run the control room's side, and look at its audit."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.collector_keys import clip_key, device_keys, operator, trust
from edge.cli.nouns import NounGroup, WholeNumber
from edge.cli.operator_channel import DEFAULT_DATA

DEFAULT_SESSIONS = "127.0.0.1:7443"
DEFAULT_ENROLMENT = "127.0.0.1:7444"
DEFAULT_PAGE = "127.0.0.1:7080"

GROUP_EXAMPLES = """\
\b
Examples:
  vigie collector run --data /var/lib/vigie-collector
  vigie collector audit verify --data /var/lib/vigie-collector
"""
RUN_EXAMPLES = """\
\b
Examples:
  vigie collector run --data /var/lib/vigie-collector
  vigie collector run --data . --listen 0.0.0.0:7443 --enrolment 0.0.0.0:7444 --name control.example
"""
AUDIT_EXAMPLES = """\
\b
Examples:
  vigie collector audit list --data /var/lib/vigie-collector --json
  vigie collector audit verify --data /var/lib/vigie-collector
"""
LIST_EXAMPLES = """\
\b
Examples:
  vigie collector audit list --data /var/lib/vigie-collector
  vigie collector audit list --data /var/lib/vigie-collector --after 120 --json
"""
VERIFY_EXAMPLES = """\
\b
Examples:
  vigie collector audit verify --data /var/lib/vigie-collector
  vigie collector audit verify --data /media/copy --json
"""

data_option = click.option(
    "--data",
    default=DEFAULT_DATA,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the collector's database, authority and local operator's identity.",
)


@click.group(
    cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[trust, clip_key, device_keys, operator]
)
def collector() -> None:
    """Run the control room's collector."""


@collector.command(epilog=RUN_EXAMPLES)
@data_option
@click.option("--listen", default=DEFAULT_SESSIONS, show_default=True, help="Devices connect here.")
@click.option(
    "--enrolment",
    help="Devices enrol here. Default: the next port after --listen.",
)
@click.option("--page", default=DEFAULT_PAGE, show_default=True, help="Address of the page.")
@click.option(
    "--name",
    "names",
    multiple=True,
    help="A DNS name or IP address that devices reach the collector by; may be given again.",
)
@click.option(
    "--retention-days",
    type=WholeNumber(1, 3650),
    default=90,
    show_default=True,
    help="Events older than this are deleted.",
)
@click.pass_obj
def run(  # noqa: PLR0917 - one parameter an option
    speaker: voice.Voice,
    data: Path,
    listen: str,
    enrolment: str | None,
    page: str,
    names: tuple[str, ...],
    retention_days: int,
) -> None:
    """Receive, store and show what devices send, until Ctrl-C or SIGTERM."""
    import asyncio  # noqa: PLC0415 - the collector's cost, not the command line's
    import logging  # noqa: PLC0415

    from collector.listeners import Address  # noqa: PLC0415
    from collector.run import Plan  # noqa: PLC0415
    from collector.run import run as run_collector  # noqa: PLC0415
    from edge.clock import SystemClock  # noqa: PLC0415

    logging.basicConfig(
        level=logging.DEBUG if speaker.debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    sessions = Address.parse(listen)
    plan = Plan(
        data=data,
        sessions=sessions,
        enrolment=Address.parse(enrolment) if enrolment else sessions.next_port,
        page=Address.parse(page),
        names=names,
        retention_days=retention_days,
    )
    asyncio.run(run_collector(plan, SystemClock(), lambda text: voice.say(f"vigie: {text}")))


@collector.group(epilog=AUDIT_EXAMPLES)
def audit() -> None:
    """Read and verify the chained log of every read, review and change."""


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
