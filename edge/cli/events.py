"""`vigie events`: follow, list, show and review what the collector has stored."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup, WholeNumber
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    ask_operator,
    open_operator,
    operator_options,
)
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.wire.v1.event_pb2 import Function
    from edge.wire.v1.operator_pb2 import GetEventResponse

TAIL_EXAMPLES = """\
\b
Examples:
  vigie events tail
  vigie events tail --json --after 0
"""
LIST_EXAMPLES = """\
\b
Examples:
  vigie events list --device north-gate --limit 20
  vigie events list --function line_crossing --json
"""
SHOW_EXAMPLES = """\
\b
Examples:
  vigie events show 17
  vigie events show 17 --lang fr --json
"""
REVIEW_EXAMPLES = """\
\b
Examples:
  vigie events review 17 --confirm
  vigie events review 18 --reject --note "a cat"
"""
GROUP_EXAMPLES = """\
\b
Examples:
  vigie events tail --json
  vigie events review 17 --confirm
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def events() -> None:
    """Follow, list, show and review events."""


@events.command(epilog=TAIL_EXAMPLES, short_help="Show events as they are stored.")
@click.option("--after", type=WholeNumber(min=0), help="Begin after this number, not now.")
@click.option("--limit", type=WholeNumber(min=1), help="Stop after this many events.")
@operator_options
@voice.json_option
def tail(  # noqa: PLR0917 - one parameter an option
    after: int | None,
    limit: int | None,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Show events as they are stored, with how late they are, until Ctrl-C."""
    from edge.cli.event_lines import as_live_line, as_record  # noqa: PLC0415
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    request = operator_pb2.TailEventsRequest(after_number=after)
    with open_operator(Access(data, collector, identity)) as operator:
        for shown, answer in enumerate(operator.TailEvents(request), 1):
            now_utc_ms = time.time_ns() // 1_000_000
            if as_json:
                late = {"told_latency_ms": now_utc_ms - answer.event.captured_utc_ms}
                voice.print_json(as_record(answer.event) | late)
            else:
                click.echo(as_live_line(answer.event, now_utc_ms))
            if shown == limit:
                return
    raise VigieError(
        Kind.UNAVAILABLE,
        "the collector ended the feed",
        hint="Run the command again with --after and the last number to miss nothing.",
    )


@events.command("list", epilog=LIST_EXAMPLES)
@click.option("--after", type=WholeNumber(min=0), default=0, help="Only after this number.")
@click.option(
    "--limit",
    type=WholeNumber(1, 1000),
    default=100,
    show_default=True,
    help="At most this many.",
)
@click.option("--device", default="", help="Only of this device.")
@click.option("--function", default="", help="Only of this function, such as line_crossing.")
@click.option("--newest", is_flag=True, help="The newest first.")
@operator_options
@voice.json_option
def list_events(  # noqa: PLR0917 - one parameter an option
    after: int,
    limit: int,
    device: str,
    function: str,
    newest: bool,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """List stored events in the order in which they were stored."""
    from edge.cli.event_lines import HEADINGS, as_record, as_row  # noqa: PLC0415
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    request = operator_pb2.ListEventsRequest(
        after_number=after, limit=limit, device=device, newest_first=newest
    )
    if function:
        request.function = _get_function(function)
    with ask_operator(Access(data, collector, identity)) as operator:
        found = operator.ListEvents(request, timeout=ANSWER_WITHIN_SECONDS).events
    if as_json:
        for stored in found:
            voice.print_json(as_record(stored))
    elif found:
        voice.print_table(HEADINGS, [as_row(stored) for stored in found])
    else:
        voice.say("no events")


@events.command(epilog=SHOW_EXAMPLES)
@click.argument("number", type=WholeNumber(min=1))
@click.option(
    "--lang",
    type=click.Choice(["en", "fr", "es"]),
    default="en",
    show_default=True,
    help="Language of the explanation.",
)
@operator_options
@voice.json_option
def show(  # noqa: PLR0917 - one parameter an option
    number: int, lang: str, data: Path, collector: str, identity: Path | None, as_json: bool
) -> None:
    """Say why an event fired, and how it was reviewed."""
    from edge.cli.event_lines import as_record, review_record  # noqa: PLC0415
    from edge.wire.sentences import explain  # noqa: PLC0415
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    request = operator_pb2.GetEventRequest(number=number)
    with ask_operator(Access(data, collector, identity)) as operator:
        answer = operator.GetEvent(request, timeout=ANSWER_WITHIN_SECONDS)
    stored = answer.event
    sentence = explain(stored.event, stored.rule, stored.model, lang)
    if as_json:
        reviews = [review_record(review) for review in answer.reviews]
        voice.print_json(as_record(stored) | {"sentence": sentence, "reviews": reviews})
        return
    click.echo(sentence)
    _show_details(answer)


@events.command(epilog=REVIEW_EXAMPLES)
@click.argument("number", type=WholeNumber(min=1))
@click.option("--confirm", is_flag=True, help="It was so.")
@click.option("--reject", is_flag=True, help="It was not so.")
@click.option("--unsure", is_flag=True, help="Nobody can tell.")
@click.option("--withdraw", is_flag=True, help="Take a review back.")
@click.option("--note", default="", help="A remark, at most 1024 bytes.")
@operator_options
@voice.json_option
def review(  # noqa: PLR0917 - one parameter an option
    number: int,
    confirm: bool,
    reject: bool,
    unsure: bool,
    withdraw: bool,
    note: str,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Say whether an event was true; who and when is kept with it."""
    from edge.cli.event_lines import review_record  # noqa: PLC0415
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415

    verdicts = [
        verdict
        for verdict, is_given in (
            (operator_pb2.VERDICT_CONFIRMED, confirm),
            (operator_pb2.VERDICT_REJECTED, reject),
            (operator_pb2.VERDICT_UNSURE, unsure),
            (operator_pb2.VERDICT_WITHDRAWN, withdraw),
        )
        if is_given
    ]
    if len(verdicts) != 1:
        raise click.UsageError("give one of --confirm, --reject, --unsure, --withdraw")
    request = operator_pb2.ReviewEventRequest(number=number, verdict=verdicts[0], note=note)
    with ask_operator(Access(data, collector, identity)) as operator:
        stored = operator.ReviewEvent(request, timeout=ANSWER_WITHIN_SECONDS).review
    record = review_record(stored)
    if as_json:
        voice.print_json({"number": number} | record)
    else:
        voice.say(f"event {number}: {record['verdict']} by {record['reviewer']}")


def _get_function(name: str) -> "Function.ValueType":
    import difflib  # noqa: PLC0415

    from edge.wire.names import FUNCTION_NUMBERS  # noqa: PLC0415

    if name in FUNCTION_NUMBERS:
        return FUNCTION_NUMBERS[name]
    nearest = difflib.get_close_matches(name, FUNCTION_NUMBERS, n=1)
    raise VigieError(
        Kind.INVALID_ARGUMENT,
        f"there is no function '{name}'",
        hint=f"Did you mean '{nearest[0]}'?" if nearest else "They stand in docs/reference.",
    )


def _show_details(answer: "GetEventResponse") -> None:
    from edge.cli.event_lines import clock_text, verdict_name  # noqa: PLC0415

    stored = answer.event
    rows = [
        ("device", stored.device),
        ("captured", clock_text(stored.captured_utc_ms)),
        ("stored", clock_text(stored.stored_utc_ms)),
        ("key", f"epoch {stored.epoch:016x}, seq {stored.seq}"),
    ]
    rows += [(parameter.name, parameter.text) for parameter in stored.rule.parameters]
    rows += [
        (
            verdict_name(each.verdict),
            f"by {each.reviewer} at {clock_text(each.reviewed_utc_ms)} {each.note}".rstrip(),
        )
        for each in answer.reviews
    ]
    for name, text in rows:
        click.echo(f"  {name:<14} {text}")
