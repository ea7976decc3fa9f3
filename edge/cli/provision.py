"""`vigie provision`: the files that tell fresh poles who they are, made in the control room."""

from datetime import UTC, datetime
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.cli.provision_new import batch, new, provisioning_record, until_words
from edge.errors import EXIT_ANSWER_IS_NO, EXIT_OK, Kind, VigieError

GROUP_EXAMPLES = """\
\b
Examples:
  vigie provision new north-gate --site site.toml --board rpi --key provision.key \\
    --authority 0d237aa816845dc90f639200464872d7d201571b3ade5c7de85f4d51fed67b46
  vigie provision show north-gate.provision.json
"""
KEYGEN_EXAMPLES = """\
\b
Examples:
  vigie provision keygen provision
  vigie provision keygen technician --out /media/usb --protect
"""
SHOW_EXAMPLES = """\
\b
Examples:
  vigie provision show north-gate.provision.json
  vigie provision show north-gate.provision.json --json
"""
VERIFY_EXAMPLES = """\
\b
Examples:
  vigie provision verify north-gate.provision.json --key provision.pub
  vigie provision verify north-gate.provision.json --key provision.pub --board rpi --json
\b
Exit codes: 0 a pole would believe it now, 1 none would, 3 it is no provisioning file.
"""
SIGN_EXAMPLES = """\
\b
Examples:
  vigie provision sign vigie-rpi-0.1.0.manifest.json --key provision.key
  vigie provision sign out/vigie-rpi-0.1.0.manifest.json --key /media/usb/provision.key --json
\b
Writes NAME.manifest.dsse beside it; 'vigie flash' asks for it where provision.pub is at hand.
"""
LABELS_EXAMPLES = """\
\b
Examples:
  vigie provision labels north-gate.provision.json yard.provision.json --out labels.pdf
  vigie provision labels north-gate.provision.json --out label.pdf
\b
For A4 sheets of 3 x 7 labels of 63.5 x 38.1 mm. Needs reportlab, of the packages vigie[collector].
"""
_PATH = click.Path(path_type=Path)


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES, commands=[new, batch])
def provision() -> None:
    """Make, show and verify the files that tell fresh poles who they are."""


@provision.command(epilog=KEYGEN_EXAMPLES)
@click.argument("name")
@click.option("--out", type=_PATH, default=Path(), help="The directory. Default: this one.")
@click.option("--protect", is_flag=True, help="Ask for a passphrase and encrypt the key with it.")
@voice.json_option
def keygen(name: str, out: Path, protect: bool, as_json: bool) -> None:
    """Make a key pair: NAME.key signs provisioning files, NAME.pub goes into the image."""
    from edge.cli.named_files import write_new  # noqa: PLC0415
    from edge.mandate.keys import make_signing_key, write_private_pem  # noqa: PLC0415
    from edge.provision.keys import write_public  # noqa: PLC0415

    made = make_signing_key(name)
    passphrase = None
    if protect:
        asked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
        passphrase = str(asked).encode()
    private_file, public_file = out / f"{name}.key", out / f"{name}.pub"
    write_new(private_file, write_private_pem(made, passphrase), is_secret=True)
    write_new(public_file, write_public(made.public), is_secret=False)
    if as_json:
        told = {"keyid": made.public.keyid, "private": str(private_file)}
        voice.print_json(told | {"public": str(public_file)})
        return
    click.echo(f"{public_file}: key {made.public.keyid}")
    voice.say(f"Whoever has {private_file} can make poles believe anything: keep it locked away.")


@provision.command(epilog=SHOW_EXAMPLES)
@click.argument("file", type=_PATH)
@voice.json_option
def show(file: Path, as_json: bool) -> None:
    """Show what a provisioning file says, without its secrets; nothing is verified."""
    from edge.cli.provision_files import read_unverified_file  # noqa: PLC0415
    from edge.provision.network import network_words  # noqa: PLC0415

    found = read_unverified_file(file)
    said = found.provisioning
    record = provisioning_record(said) | {"signed_by_keyids": list(found.keyids)}
    if as_json:
        voice.print_json(record | {"site": said.site})
        return
    rows = [
        ("device", said.device),
        ("board", said.board),
        ("collector", said.collector),
        ("network", network_words(said.network)),
        ("authority", said.authority_fingerprint),
        ("technician", "may open the local page" if said.technician_key else "nobody"),
        ("until", until_words(said)),
        ("signed by", ", ".join(found.keyids)),
    ]
    for name, text in rows:
        click.echo(f"{name:<12}{text}")
    click.echo(f"\n{said.site.rstrip()}")


@provision.command(epilog=VERIFY_EXAMPLES)
@click.argument("file", type=_PATH)
@click.option("--key", type=_PATH, required=True, help="The provision.pub that is in the image.")
@click.option("--board", default="", help="Also ask whether it is for this board.")
@voice.json_option
@click.pass_context
def verify(ctx: click.Context, file: Path, key: Path, board: str, as_json: bool) -> None:
    """Say whether a pole with this key in its image would believe a file now."""
    from edge.cli.provision_files import Fleet, check_file, read_public_file  # noqa: PLC0415
    from edge.provision.problem import ProvisionError, Refusal  # noqa: PLC0415

    fleet = Fleet(read_public_file(key), board)
    try:
        made = check_file(file, fleet, datetime.now(UTC))
    except ProvisionError as error:
        if error.refusal is Refusal.UNREADABLE:
            raise
        if as_json:
            told = {"file": str(file), "is_good": False}
            voice.print_json(told | {"refusal": error.refusal.value, "what": error.what})
        else:
            voice.show_error(error, debug=False)
        ctx.exit(EXIT_ANSWER_IS_NO)
    if as_json:
        voice.print_json({"file": str(file), "is_good": True, **provisioning_record(made)})
    else:
        click.echo(f"{file}: good: {made.device} for board {made.board}, until {until_words(made)}")
    ctx.exit(EXIT_OK)


@provision.command(epilog=SIGN_EXAMPLES)
@click.argument("manifest", type=_PATH)
@click.option("--key", "key_file", type=_PATH, required=True, help="The fleet's signing key.")
@voice.json_option
def sign(manifest: Path, key_file: Path, as_json: bool) -> None:
    """Sign an image's manifest with the fleet's key, for those who write cards."""
    from edge.cli.mandate_files import read_key  # noqa: PLC0415
    from edge.cli.named_files import read_file, replace_file  # noqa: PLC0415
    from edge.flash.image import load_manifest  # noqa: PLC0415
    from edge.flash.signature import (  # noqa: PLC0415
        MAX_MANIFEST_BYTES,
        sign_manifest,
        signature_path,
    )

    content = read_file(manifest, MAX_MANIFEST_BYTES)
    believed = load_manifest(content, manifest)
    key = read_key(key_file)
    if key.public.raw != believed.raw:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"the image believes key {believed.keyid[:16]}…, and this is {key.public.keyid[:16]}…",
            where=str(manifest),
            hint="Sign it with the fleet's own provision.key.",
        )
    target = signature_path(manifest)
    replace_file(target, sign_manifest(content, key))
    if as_json:
        voice.print_json({"file": str(target), "keyid": key.public.keyid})
    else:
        click.echo(f"{target}: signed by key {key.public.keyid}")


@provision.command(epilog=LABELS_EXAMPLES)
@click.argument("files", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@click.option("--out", type=_PATH, required=True, help="The PDF to write.")
@voice.json_option
def labels(files: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Draw a label for each pole: name, site, collector, and a QR code of them."""
    from edge.cli.named_files import replace_file  # noqa: PLC0415
    from edge.cli.provision_files import read_label  # noqa: PLC0415
    from edge.flash.labels import label_sheets  # noqa: PLC0415

    drawn = [read_label(file) for file in files]
    replace_file(out, label_sheets(drawn))
    if as_json:
        voice.print_json({"file": str(out), "labels": len(drawn)})
    else:
        click.echo(f"{out}: {len(drawn)} labels")
