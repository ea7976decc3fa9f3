"""`vigie mandate`: what a pole may do, written, signed, shown, verified and revoked, offline."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.mandate_delivery import deliver, list_mandates
from edge.cli.nouns import NounGroup
from edge.errors import EXIT_ANSWER_IS_NO, EXIT_OK, Kind, VigieError

if TYPE_CHECKING:
    pass

GROUP_EXAMPLES = """\
\b
Examples:
  vigie mandate keygen mayor
  vigie mandate show mandate.json --language fr
"""
KEYGEN_EXAMPLES = """\
\b
Examples:
  vigie mandate keygen mayor
  vigie mandate keygen mayor --out /media/usb --protect
"""
TRUST_EXAMPLES = """\
\b
Examples:
  vigie mandate trust --authority "Ville de X" --threshold 1 --key mayor.pub.json
  vigie mandate trust --authority "Ville de X" --threshold 2 --key mayor.pub.json \\
    --key prefect.pub.json --clip-key collector.pub.json --reader room.pub.json
"""
NEW_EXAMPLES = """\
\b
Examples:
  vigie mandate new site.toml --profile bench --version 1 --device pole-1 --authority "X" \\
    --legal-basis "None: a test" --purpose "To test" --place "A table" \\
    --contact me@example.org --until 2027-01-31
  vigie mandate new site.toml --profile pe-municipal --version 4 --device pole-1 --device pole-2 \\
    --authority "Municipalidad de X" --legal-basis "Ordenanza 12-2026" --purpose "Peatones" \\
    --place "Plaza Mayor" --contact datos@example.org --function wrong_way \\
    --window "mon-fri 22:00-06:00" --window "sat,sun 00:00-24:00" --ring-days 45 \\
    --clips supervisor --from 2027-01-01 --until 2027-06-30
"""
SIGN_EXAMPLES = """\
\b
Examples:
  vigie mandate sign mandate.json --key mayor.key.pem --out mandate.signed.json
  vigie mandate sign mandate.signed.json --key prefect.key.pem --yes
"""
SHOW_EXAMPLES = """\
\b
Examples:
  vigie mandate show mandate.json --language fr
  vigie mandate show mandate.json --notice --language es --out notice.html
"""
VERIFY_EXAMPLES = """\
\b
Examples:
  vigie mandate verify mandate.signed.json --trust trust.json
  vigie mandate verify mandate.signed.json revocation.json --trust trust.json --device pole-1 --json
\b
Exit codes: 0 all are properly signed and each mandate is in force, 1 one is not, 4 no such file.
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


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[deliver, list_mandates])
def mandate() -> None:
    """Write, sign, show, verify, deliver and revoke what a pole may do."""


@mandate.command(epilog=KEYGEN_EXAMPLES)
@click.argument("name")
@click.option("--out", type=_PATH, default=Path(), help="The directory. Default: this one.")
@click.option("--protect", is_flag=True, help="Ask for a passphrase and encrypt the key with it.")
@voice.json_option
def keygen(name: str, out: Path, protect: bool, as_json: bool) -> None:
    """Make a key to sign mandates with: NAME.key.pem to keep, NAME.pub.json to hand out."""
    from edge.cli.named_files import write_new  # noqa: PLC0415
    from edge.mandate import keys  # noqa: PLC0415

    made = keys.make_signing_key(name)
    # Read back before anything is written: a name that cannot be read is refused here.
    public = keys.load_public_key(keys.write_public_key(made.public))
    passphrase = None
    if protect:
        asked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
        passphrase = str(asked).encode()
    private_file, public_file = out / f"{name}.key.pem", out / f"{name}.pub.json"
    write_new(private_file, keys.write_private_pem(made, passphrase), is_secret=True)
    write_new(public_file, keys.write_public_key(public), is_secret=False)
    if as_json:
        told = {"name": name, "keyid": public.keyid, "private": str(private_file)}
        voice.print_json(told | {"public": str(public_file)})
        return
    click.echo(f"{public_file}: key {public.keyid}")
    voice.say(f"Keep {private_file} off every network; give {public_file} to who makes the trust.")


@mandate.command(epilog=TRUST_EXAMPLES)
@click.option("--authority", required=True, help="Whose poles these are, as mandates name it.")
@click.option("--threshold", type=click.IntRange(1, 16), required=True, help="How many must sign.")
@click.option("--key", "keys", type=_PATH, multiple=True, required=True, help="A NAME.pub.json.")
@click.option("--clip-key", type=_PATH, help="The collector's public key.")
@click.option("--reader", "readers", type=_PATH, multiple=True, help="A reader of clips.")
@click.option(
    "--version-floor", type=click.IntRange(0), default=0, help="Below it no mandate is believed."
)
@click.option("--out", type=_PATH, default=Path("trust.json"), help="Default: trust.json.")
@voice.json_option
def trust(
    *,
    authority: str,
    threshold: int,
    keys: tuple[Path, ...],
    clip_key: Path | None,
    readers: tuple[Path, ...],
    version_floor: int,
    out: Path,
    as_json: bool,
) -> None:
    """Write down whom poles shall believe; the collector hands it out when they enrol."""
    from edge.cli.mandate_files import gather_trust  # noqa: PLC0415
    from edge.cli.named_files import write_new  # noqa: PLC0415
    from edge.mandate.trust import write_trust  # noqa: PLC0415

    made = gather_trust(
        authority=authority,
        threshold=threshold,
        keys=keys,
        clip_key=clip_key,
        readers=readers,
        version_floor=version_floor,
    )
    write_new(out, write_trust(made), is_secret=False)
    if as_json:
        names = [key.name for key in made.keys]
        told = {"file": str(out), "authority": made.authority, "fingerprint": made.fingerprint}
        voice.print_json(told | {"threshold": made.threshold, "keys": names})
        return
    click.echo(f"{out}: {made.threshold} of {len(made.keys)} keys, fingerprint {made.fingerprint}")
    voice.say(
        f"Import it with 'vigie collector trust {out}'; enrol poles with the fingerprint at hand."
    )


@mandate.command(epilog=NEW_EXAMPLES)
@click.argument("site", type=_PATH)
@click.option("--profile", required=True, help="The legal basis: fr-2023-380, pe-municipal, bench.")
@click.option(
    "--version", "number", type=click.IntRange(1), required=True, help="Above all before."
)
@click.option("--device", "devices", multiple=True, required=True, help="A pole it is for.")
@click.option("--authority", required=True, help="Who signs, as the trust file names it.")
@click.option("--legal-basis", required=True, help="The text or order that allows it.")
@click.option("--purpose", required=True, help="Why, for the public notice.")
@click.option("--place", required=True, help="Where, for the public notice.")
@click.option("--contact", required=True, help="Whom people may ask.")
@click.option("--function", "functions", multiple=True, help="Default: all of the site's rules.")
@click.option("--camera", "cameras", multiple=True, help="Default: all of the site.")
@click.option(
    "--window", "windows", multiple=True, help='Such as "mon-fri 22:00-06:00". Default: always.'
)
@click.option("--time-zone", help="Default: the site's.")
@click.option("--from", "begins", help="A date or 2027-01-31T08:00, local. Default: now.")
@click.option("--until", "ends", required=True, help="The last day, or a local date and time.")
@click.option(
    "--ring-days", type=click.IntRange(0), default=0, help="Days of video. Default: none."
)
@click.option("--clips", "requesters", multiple=True, help="A role that may ask for clips.")
@click.option("--calibration", is_flag=True, help="Events are marked and reach no operator.")
@click.option("--models", type=_PATH, help="Where built models stand.")
@click.option("--out", type=_PATH, default=Path("mandate.json"), help="Default: mandate.json.")
@voice.json_option
def new(site: Path, out: Path, as_json: bool, **options: object) -> None:
    """Write a mandate for a site, not signed yet, inside what its profile allows."""
    from edge.cli.mandate_draft import Draft, draft_mandate  # noqa: PLC0415 - loads pydantic
    from edge.cli.named_files import write_new  # noqa: PLC0415
    from edge.mandate.statement import parse_mandate  # noqa: PLC0415

    text = draft_mandate(site, Draft(**options))  # type: ignore[arg-type]
    made = parse_mandate(text)
    write_new(out, text, is_secret=False)
    if as_json:
        voice.print_json({"file": str(out), "version": made.version, "sha256": made.sha256})
        return
    click.echo(f"{out}: version {made.version}, profile {made.profile.name}, not signed")
    voice.say(f"Read it with 'vigie mandate show {out}', then sign it with 'vigie mandate sign'.")


@mandate.command(epilog=SIGN_EXAMPLES)
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
    from edge.mandate.page import mandate_page  # noqa: PLC0415
    from edge.mandate.phrases import ENGLISH  # noqa: PLC0415

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


@mandate.command(epilog=SHOW_EXAMPLES)
@click.argument("file", type=_PATH)
@click.option(
    "--language", type=click.Choice(["en", "fr", "es"]), default="en", help="Default: en."
)
@click.option("--notice", is_flag=True, help="The public notice, as HTML with a QR code.")
@click.option("--url", default="", help="Where the notice can be read; goes into the QR code.")
@click.option("--out", type=_PATH, help="Write to a file instead of stdout.")
@voice.json_option
def show(
    *, file: Path, language: str, notice: bool, url: str, out: Path | None, as_json: bool
) -> None:
    """Show a mandate as a page for a person, or as the notice for the public."""
    from edge.cli.mandate_files import read_statement  # noqa: PLC0415
    from edge.cli.named_files import read_file, replace_file  # noqa: PLC0415
    from edge.mandate.page import mandate_page, revocation_page  # noqa: PLC0415
    from edge.mandate.phrases import LANGUAGES  # noqa: PLC0415
    from edge.mandate.statement import Mandate  # noqa: PLC0415

    read = read_statement(read_file(file))
    words = LANGUAGES[language]
    if as_json:
        voice.print_json(json.loads(read.payload) | {"signed_by_keyids": list(read.keyids)})
        return
    if not isinstance(read.statement, Mandate):
        page = revocation_page(read.statement, words)
    elif notice:
        from edge.mandate.notice import notice_page  # noqa: PLC0415 - loads segno

        page = notice_page(read.statement, words, address=url)
    else:
        page = mandate_page(read.statement, words, signers=[id_[:16] for id_ in read.keyids])
    if out is None:
        click.echo(page, nl=False)
        return
    replace_file(out, page.encode())
    voice.say(f"written to {out}")


@mandate.command(epilog=VERIFY_EXAMPLES)
@click.argument("files", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@click.option("--trust", "trust_file", type=_PATH, required=True, help="Whom to believe.")
@click.option("--device", help="Also ask whether it is for this pole.")
@click.option("--at", "moment", help="A UTC moment like 2026-11-21T06:00:00Z. Default: now.")
@voice.json_option
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    trust_file: Path,
    device: str | None,
    moment: str | None,
    as_json: bool,
) -> None:
    """Say who signed, what is in force and what ends soon."""
    from edge.cli.mandate_check import check_files, parse_moment  # noqa: PLC0415

    now = parse_moment(moment) if moment else datetime.now(UTC)
    findings = check_files(files, trust_file, device=device, now=now)
    for each in findings:
        if as_json:
            voice.print_json(each.record())
        else:
            click.echo(each.text())
    is_good = all(each.is_good for each in findings)
    ctx.exit(EXIT_OK if is_good else EXIT_ANSWER_IS_NO)


@mandate.command(epilog=REVOKE_EXAMPLES)
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
