"""`vigie update status`: every rollout by its waves, or one by its poles."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.operator_channel import ANSWER_WITHIN_SECONDS, Access, operator_options
from edge.cli.update_desk import NUMBER, open_update_desk
from edge.errors import EXIT_ANSWER_IS_NO

if TYPE_CHECKING:
    from edge.wire.v1.rollout_pb2 import Rollout

STATUS_EXAMPLES = """\
\b
Examples:
  vigie update status
  vigie update status 3 --json
\b
Exit codes for one rollout: 0 runs or finished, 1 halted.
"""
_HEADINGS = ("rollout", "version", "board", "state", "poles", "waiting", "under way", "committed",
             "failed", "why")  # fmt: skip
_COUNTS = ("poles", "waiting", "under_way", "committed", "failed", "left_out")


@click.command(epilog=STATUS_EXAMPLES)
@click.argument("number", type=NUMBER, required=False)
@operator_options
@voice.json_option
@click.pass_context
def status(  # noqa: PLR0917 - one parameter an option
    ctx: click.Context,
    number: int | None,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """List the rollouts, or the poles of one."""
    from edge.wire.v1 import rollout_pb2  # noqa: PLC0415 - loads protobuf

    request = rollout_pb2.ListRolloutsRequest(number=number or 0)
    with open_update_desk(Access(data, collector, identity)) as desk:
        found = desk.ListRollouts(request, timeout=ANSWER_WITHIN_SECONDS).rollouts
    if not found and not as_json:
        voice.say("no rollouts; begin one with 'vigie update push BUNDLE --to POLES'")
    elif number is None:
        _list(list(found), as_json=as_json)
    else:
        show_rollout(found[0], as_json=as_json)
        if found[0].state == rollout_pb2.ROLLOUT_STATE_HALTED:
            ctx.exit(EXIT_ANSWER_IS_NO)


def show_rollout(rollout: "Rollout", *, as_json: bool) -> None:
    """One rollout: its line, then its poles where they are told."""
    _list([rollout], as_json=as_json)
    if not as_json and rollout.poles:
        click.echo("")
        voice.print_table(
            ("pole", "wave", "state", "reason", "message"),
            [
                (each.device, each.wave, *_words(each.state, each.refusal), each.message)
                for each in rollout.poles
            ],
        )


def _list(rollouts: list["Rollout"], *, as_json: bool) -> None:
    if as_json:
        for each in rollouts:
            voice.print_json(_record(each))
        return
    voice.print_table(_HEADINGS, [_row(each) for each in rollouts])


def _row(rollout: "Rollout") -> tuple[object, ...]:
    counts = [sum(getattr(wave, name) for wave in rollout.waves) for name in _COUNTS[:5]]
    bundle = rollout.bundle
    return (rollout.number, bundle.version, bundle.board, _state(rollout), *counts, rollout.message)


def _record(rollout: "Rollout") -> dict[str, object]:
    record: dict[str, object] = {
        "rollout": rollout.number,
        "version": rollout.bundle.version,
        "board": rollout.bundle.board,
        "sha256": rollout.bundle.sha256.hex(),
        "size_bytes": rollout.bundle.size_bytes,
        "state": _state(rollout),
        "message": rollout.message,
        "who": rollout.who,
        "started_utc_ms": rollout.started_utc_ms,
        "changed_utc_ms": rollout.changed_utc_ms,
        "hours": rollout.hours,
        "at_most": rollout.at_most,
        "waves": [{name: getattr(wave, name) for name in _COUNTS} for wave in rollout.waves],
    }
    if rollout.poles:
        record["devices"] = [
            {
                "device": each.device,
                "wave": each.wave,
                **dict(zip(("state", "reason"), _words(each.state, each.refusal), strict=True)),
                "message": each.message,
                "received_bytes": each.received_bytes,
                "changed_utc_ms": each.changed_utc_ms,
                "offers": each.offers,
                "time_zone": each.time_zone,
            }
            for each in rollout.poles
        ]
    return record


def _state(rollout: "Rollout") -> str:
    from edge.wire.v1 import rollout_pb2  # noqa: PLC0415 - loads protobuf

    return rollout_pb2.RolloutState.Name(rollout.state).removeprefix("ROLLOUT_STATE_").lower()


def _words(state: int, refusal: int) -> tuple[str, str]:
    """A pole's state and the reason of a failure, as words; numbers of a newer collector stay."""
    from edge.wire.v1 import rollout_pb2, update_pb2  # noqa: PLC0415 - loads protobuf

    states = {number: name for name, number in rollout_pb2.PoleState.items()}
    reasons = {number: name for name, number in update_pb2.UpdateRefusal.items()}
    reason = reasons.get(update_pb2.UpdateRefusal.ValueType(refusal), str(refusal))
    return (
        states.get(rollout_pb2.PoleState.ValueType(state), str(state))
        .removeprefix("POLE_STATE_")
        .lower(),
        reason.removeprefix("UPDATE_REFUSAL_").lower() if refusal else "",
    )
