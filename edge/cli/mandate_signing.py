"""`vigie mandate sign` and `revoke`: what a signer does with a key, offline."""

from datetime import UTC, datetime
from pathlib import Path

import click

from edge.cli import voice
from edge.errors import Kind, VigieError

SIGN_EXAMPLES = """\
\b
Examples:
  vigie mandate sign mandate.json --key mayor.key.pem --out mandate.signed.json
  vigie mandate sign mandate.signed.json --key prefect.key.pem --yes
"""
REVOKE_EXAMPLES = """\
\b
Examples:
  vigie mandate revoke mandate.signed.json --key mayor.key.pem --reason "the works are over"
  vigie mandate revoke mandate.json --key prefect.key.pem --reason "court order" --yes
"""
_PATH = click.Path(path_type=Path)
_key_option = click.option(
    "--key", "key_file", type=_PATH, required=True, help="Your NAME.key.pem."
)
_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(epilog=SIGN_EXAMPLES)
@click.argument("file", type=_PATH)
@_key_option
@click.option("--out", type=_PATH, help="Default: FILE.signed.json, or FILE if it is signed.")
@_yes_option
@voice.json_option
def sign(file: Path, key_file: Path, out: Path | None, yes: bool, as_json: bool) -> None:
    """Put your signature under a mandate, or under one that others have signed."""
    from edge.cli.mandate_files import is_signed, read_key  # noqa: PLC0415
    from edge.cli.named_files import read_file, replace_file  # noqa: PLC0415
    from edge.mandate import envelope, statement  # noqa: PLC0415
    from edge.mandate.languages import ENGLISH  # noqa: PLC0415
    from edge.mandate.page import mandate_page  # noqa: PLC0415

    content = read_file(file)
    has_signatures = is_signed(content)
    payload = envelope.open_envelope(content).payload if has_signatures else content
    made = statement.parse_mandate(payload)
    key = read_key(key_file)
    if not yes:
        voice.say(mandate_page(made, ENGLISH, signers=()))
        click.confirm(f"Sign this as {key.public.name}?", abort=True, err=True)
    if has_signatures:
        signed = envelope.add_signature(content, key)
    else:
        signed = envelope.sign_payload(payload, envelope.MANDATE, key)
    target = out or (file if has_signatures else file.with_suffix(".signed.json"))
    replace_file(target, signed)
    count = len(envelope.open_envelope(signed).keyids)
    if as_json:
        told = {"file": str(target), "version": made.version, "sha256": made.sha256}
        voice.print_json(told | {"signatures": count, "keyid": key.public.keyid})
        return
    click.echo(f"{target}: version {made.version}, {count} signature{'' if count == 1 else 's'}")


@click.command(epilog=REVOKE_EXAMPLES)
@click.argument("file", type=_PATH)
@_key_option
@click.option("--reason", required=True, help="Why, for the record.")
@click.option("--out", type=_PATH, help="Default: FILE.revoked.json.")
@_yes_option
@voice.json_option
def revoke(
    *, file: Path, key_file: Path, reason: str, out: Path | None, yes: bool, as_json: bool
) -> None:
    """End a mandate at once and for good; one key suffices, because stopping is safe."""
    from edge.cli.mandate_files import read_key, read_statement  # noqa: PLC0415
    from edge.cli.named_files import read_file, replace_file  # noqa: PLC0415
    from edge.mandate import envelope, statement  # noqa: PLC0415

    read = read_statement(read_file(file)).statement
    if not isinstance(read, statement.Mandate):
        raise VigieError(Kind.INVALID_ARGUMENT, "this is a revocation already", where=str(file))
    key = read_key(key_file)
    if not yes:
        click.confirm(
            f"Revoke version {read.version} of {read.authority} for good?", abort=True, err=True
        )
    text = statement.write_revocation(read, reason=reason, issued=datetime.now(UTC))
    statement.parse_revocation(text)
    target = out or file.with_suffix(".revoked.json")
    replace_file(target, envelope.sign_payload(text, envelope.REVOCATION, key))
    if as_json:
        told = {"file": str(target), "version": read.version, "mandate_sha256": read.sha256}
        voice.print_json(told | {"keyid": key.public.keyid})
        return
    click.echo(f"{target}: version {read.version} is revoked where this arrives")
