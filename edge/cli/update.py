"""`vigie update`: bring a bundle to the collector, roll it out, see how it goes, halt, resume."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup, WholeNumber
from edge.cli.operator_channel import ANSWER_WITHIN_SECONDS, Access, operator_options
from edge.cli.update_desk import halt, open_update_desk, resume
from edge.cli.update_hours import Hours
from edge.cli.update_status import show_rollout, status

GROUP_EXAMPLES = """\
\b
Examples:
  vigie update push vigie-rpi-0.2.0.raucb --to all --zone Europe/Paris
  vigie update status 3
"""
PUSH_EXAMPLES = """\
\b
Examples:
  vigie update push vigie-rpi-0.2.0.raucb --to north-gate,yard,station
  vigie update push vigie-rpi-0.2.0.raucb --to all --waves 1,20,200 --at-most 10 --json
\b
The manifest of the same build, NAME.manifest.json, lies beside the bundle. The first wave is the
canary: one failure there halts the rollout.
Exit codes: 0 begun, 3 not what its manifest says, 4 no such pole, 5 refused.
"""


class NumberList(click.ParamType[tuple[int, ...]]):
    """Sizes separated by commas."""

    name = "sizes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The sizes, each at least 1."""
        words = str(value).split(",")
        if not all(word.isdecimal() and int(word) for word in words):
            self.fail(f"'{value}' is no list of sizes; write it as 1,10,100", param, ctx)
        return tuple(int(word) for word in words)


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[status, halt, resume])
def update() -> None:
    """Roll out updates: canary, waves, office hours, a halt when poles fail."""


@update.command(epilog=PUSH_EXAMPLES)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="POLES", help="Names with commas between; or all.")
@click.option("--waves", type=NumberList(), default="1,10,100", show_default=True,
              help="Poles in each wave, the canary first; the rest comes last.")  # fmt: skip
@click.option("--hours", type=Hours(), default="09:00-16:00", show_default=True,
              help="Office hours on the clock of each pole's own place.")  # fmt: skip
@click.option("--every-day", is_flag=True, help="On Saturdays and Sundays too.")
@click.option("--zone", default="", help="Time zone of poles whose mandate names none.")
@click.option("--at-most", type=WholeNumber(1, 1000), default=20, show_default=True,
              help="So many poles under way at once.")  # fmt: skip
@click.option("--failures", type=WholeNumber(0, 50), default=1, show_default=True,
              help="Per cent of a wave that may fail; five at most.")  # fmt: skip
@operator_options
@voice.json_option
@click.pass_context
def push(
    ctx: click.Context,
    *,
    bundle: Path,
    to: str,
    waves: tuple[int, ...],
    hours: tuple[int, int],
    every_day: bool,
    zone: str,
    at_most: int,
    failures: int,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Bring a signed bundle to the collector and begin to roll it out."""
    from edge.cli.update_bundle import read_bundle, send_bundle  # noqa: PLC0415 - loads protobuf
    from edge.wire.v1 import operator_pb2, rollout_pb2  # noqa: PLC0415

    described = read_bundle(bundle)
    names = [] if to == "all" else [name for name in to.split(",") if name]
    if to != "all" and not names:
        raise click.UsageError("--to names no pole; say --to all for all of the bundle's board")
    request = rollout_pb2.StartRolloutRequest(
        bundle_sha256=described.sha256,
        devices=[operator_pb2.Name(name=name) for name in names],
        waves=waves,
        starts_minute=hours[0],
        ends_minute=hours[1],
        every_day=every_day,
        time_zone=zone,
        at_most=at_most,
        failures_percent=failures,
    )
    with open_update_desk(Access(data, collector, identity)) as desk:
        send_bundle(ctx.obj, desk, bundle, described)
        begun = desk.StartRollout(request, timeout=ANSWER_WITHIN_SECONDS).rollout
    show_rollout(begun, as_json=as_json)
    if not as_json:
        voice.say(f"vigie: watch it with 'vigie update status {begun.number}'")
