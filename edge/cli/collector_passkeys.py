"""`vigie collector passkey list|remove`: for a supervisor, when somebody lost a passkey."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    Access,
    ask_operator,
    operator_options,
)

GROUP_EXAMPLES = """\
\b
Examples:
  vigie collector passkey list olga
  vigie collector passkey remove olga "blue key"
"""
LIST_EXAMPLES = """\
\b
Examples:
  vigie collector passkey list olga
  vigie collector passkey list olga --data /var/lib/vigie-collector --json
"""
REMOVE_EXAMPLES = """\
\b
Examples:
  vigie collector passkey remove olga "blue key"
  vigie collector passkey remove olga "blue key" --data /var/lib/vigie-collector --yes
\b
The account keeps its password; whoever is signed in stays so until the session ends.
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def passkey() -> None:
    """List and remove the passkeys of an account of the page."""


@passkey.command("list", epilog=LIST_EXAMPLES)
@click.argument("account")
@operator_options
@voice.json_option
def list_passkeys(
    account: str, data: Path, collector: str, identity: Path | None, as_json: bool
) -> None:
    """Show an account's passkeys and when each was last used."""
    from edge.cli.event_lines import clock_text  # noqa: PLC0415
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415 - loads protobuf

    with ask_operator(Access(data, collector, identity)) as operator:
        request = operator_pb2.ListPasskeysRequest(account=account)
        answer = operator.ListPasskeys(request, timeout=ANSWER_WITHIN_SECONDS)
    if not (answer.passkeys or as_json):
        voice.say(f"{account} has no passkeys")
    for each in answer.passkeys:
        used_ms = each.used_utc_ms if each.HasField("used_utc_ms") else None
        if as_json:
            voice.print_json({
                "name": each.name,
                "created_utc_ms": each.created_utc_ms,
                "used_utc_ms": used_ms,
            })  # fmt: skip
        else:
            used = "never used" if used_ms is None else f"last used {clock_text(used_ms)}"
            click.echo(f"{each.name}  since {clock_text(each.created_utc_ms)}, {used}")


@passkey.command("remove", epilog=REMOVE_EXAMPLES)
@click.argument("account")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_options
@voice.json_option
def remove(  # noqa: PLR0917 - one parameter an option
    account: str,
    name: str,
    yes: bool,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
) -> None:
    """Take a passkey away: it opens nothing from now on."""
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415 - loads protobuf

    if not yes:
        click.confirm(f"remove the passkey '{name}' of {account}?", abort=True, err=True)
    with ask_operator(Access(data, collector, identity)) as operator:
        request = operator_pb2.RemovePasskeyRequest(account=account, name=name)
        operator.RemovePasskey(request, timeout=ANSWER_WITHIN_SECONDS)
    if as_json:
        voice.print_json({"account": account, "removed": name})
    else:
        click.echo(f"removed; {account} has the password and what else is listed")
