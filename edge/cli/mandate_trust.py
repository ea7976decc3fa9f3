"""`vigie mandate keygen` and `trust`: whose signatures count, made offline."""

from pathlib import Path

import click

from edge.cli import voice

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
_PATH = click.Path(path_type=Path)


@click.command(epilog=KEYGEN_EXAMPLES)
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


@click.command(epilog=TRUST_EXAMPLES)
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
