"""`vigie collector`: run the control room's side, and hand out its keys."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.collector_keys import clip_key, device_keys, operator, trust
from edge.cli.collector_passkeys import passkey
from edge.cli.nouns import NounGroup, WholeNumber
from edge.cli.operator_channel import DEFAULT_DATA

DEFAULT_SESSIONS = "127.0.0.1:7443"
DEFAULT_ENROLMENT = "127.0.0.1:7444"
DEFAULT_PAGE = "127.0.0.1:7080"

GROUP_EXAMPLES = """\
\b
Examples:
  vigie collector run --data /var/lib/vigie-collector
  vigie collector clip-key --data /var/lib/vigie-collector
"""
RUN_EXAMPLES = """\
\b
Examples:
  vigie collector run --data /var/lib/vigie-collector
  vigie collector run --data . --listen 0.0.0.0:7443 --enrolment 0.0.0.0:7444 --name control.example
"""

data_option = click.option(
    "--data",
    default=DEFAULT_DATA,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the collector's database, authority and local operator's identity.",
)


@click.group(
    cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[trust, clip_key, device_keys, operator, passkey]
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
    "--page-origin",
    metavar="URL",
    help="Where people open the page, such as https://control.example; passkeys are bound to it.",
)
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
    page_origin: str | None,
    names: tuple[str, ...],
    retention_days: int,
) -> None:
    """Receive, store and show what devices send, until Ctrl-C or SIGTERM."""
    import asyncio  # noqa: PLC0415 - the collector's cost, not the command line's
    import logging  # noqa: PLC0415

    from collector.accounts.origin import Origin  # noqa: PLC0415
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
        page_origin=Origin.parse(page_origin) if page_origin else None,
        names=names,
        retention_days=retention_days,
    )
    asyncio.run(run_collector(plan, SystemClock(), lambda text: voice.say(f"vigie: {text}")))
