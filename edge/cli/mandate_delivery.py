"""`vigie mandate deliver|list`: signed mandates to the collector, and what is in force where."""

from datetime import UTC, datetime
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.named_files import read_file
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    ask_operator,
    operator_options,
)
from edge.errors import Kind, VigieError

DELIVER_EXAMPLES = """\
\b
Examples:
  vigie mandate deliver mandate.json
  vigie mandate deliver revocation.json --collector control.example:7443 --identity me
\b
Exit codes: 0 on its way, 3 no mandate, 5 not signed by enough of the authority's keys.
"""
LIST_EXAMPLES = """\
\b
Examples:
  vigie mandate list
  vigie mandate list --json
"""
_MAX_ENVELOPE_BYTES = 65_536


@click.command(epilog=DELIVER_EXAMPLES)
@click.argument("envelope", type=click.Path(path_type=Path))
@operator_options
@voice.json_option
def deliver(
    envelope: Path, data: Path, collector: str, identity: Path | None, as_json: bool
) -> None:
    """Hand a signed mandate or revocation to the collector, which sends it to its poles."""
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415 - loads protobuf

    try:
        text = read_file(envelope, _MAX_ENVELOPE_BYTES).decode()
    except UnicodeDecodeError:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            "this is no signed mandate",
            where=str(envelope),
            hint="Give what 'vigie mandate sign' or 'vigie mandate revoke' wrote.",
        ) from None
    request = operator_pb2.DeliverMandateRequest(envelope=text)
    with ask_operator(Access(data, collector, identity)) as operator:
        answer = operator.DeliverMandate(request, timeout=ANSWER_WITHIN_SECONDS)
    names = [each.name for each in answer.devices]
    if as_json:
        voice.print_json({"devices": names})
        return
    click.echo(f"on its way to {', '.join(names) or 'no pole: none of those it names is enrolled'}")


@click.command("list", epilog=LIST_EXAMPLES)
@operator_options
@voice.json_option
def list_mandates(data: Path, collector: str, identity: Path | None, as_json: bool) -> None:
    """List what the collector has delivered: who signed, until when, where it is in force."""
    from edge.wire.v1 import event_pb2, operator_pb2  # noqa: PLC0415 - loads protobuf

    with ask_operator(Access(data, collector, identity)) as operator:
        request = operator_pb2.ListMandatesRequest()
        found = operator.ListMandates(request, timeout=ANSWER_WITHIN_SECONDS).mandates
    records = [
        {
            "version": each.version,
            "is_revocation": each.is_revocation,
            "profile": each.profile,
            "mode": event_pb2.MandateMode.Name(each.mode).removeprefix("MANDATE_MODE_").lower(),
            "signers": [signer.name for signer in each.signers],
            "expires_utc_ms": each.expires_utc_ms,
            "devices": [device.name for device in each.devices],
            "in_force_at": [device.name for device in each.in_force_at],
            "sha256": each.sha256,
        }
        for each in found
    ]
    if as_json:
        for record in records:
            voice.print_json(record)
        return
    voice.print_table(
        ("version", "what", "signed by", "until (UTC)", "for", "in force at"),
        [
            (
                each.version,
                "revocation" if each.is_revocation else f"{record['profile']}, {record['mode']}",
                ", ".join(signer.name for signer in each.signers),
                f"{datetime.fromtimestamp(each.expires_utc_ms / 1000, UTC):%Y-%m-%d %H:%M}",
                ", ".join(device.name for device in each.devices),
                ", ".join(device.name for device in each.in_force_at),
            )
            for each, record in zip(found, records, strict=True)
        ],
    )
