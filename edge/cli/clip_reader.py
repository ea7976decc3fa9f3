"""`vigie clip reader`: the key pair of somebody who may open clips."""

import json
from pathlib import Path

import click

from edge.cli import voice

READER_EXAMPLES = """\
\b
Examples:
  vigie clip reader control-room
  vigie clip reader control-room --out keys --no-passphrase
\b
Writes NAME.key.pem, which stays with the reader, and NAME.reader.json, which goes to the authority:
'vigie mandate trust --reader NAME.reader.json' lets poles seal clips to it.
"""


@click.command(epilog=READER_EXAMPLES)
@click.argument("name")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder to write to; else the present one.",
)
@click.option("--no-passphrase", is_flag=True, help="Leave the private key unencrypted.")
@voice.json_option
def reader(name: str, folder: Path, no_passphrase: bool, as_json: bool) -> None:
    """Make the key with which clips are opened, and its public half for the authority."""
    import base64  # noqa: PLC0415 - for those who make keys

    from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
        X25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        BestAvailableEncryption,
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
    )

    from edge.cli.named_files import write_new  # noqa: PLC0415
    from edge.mandate.keys import get_keyid  # noqa: PLC0415

    lock: KeySerializationEncryption = NoEncryption()
    if not no_passphrase:
        asked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
        lock = BestAvailableEncryption(asked.encode())
    private_key = X25519PrivateKey.generate()
    raw = private_key.public_key().public_bytes_raw()
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    key_file, public_file = folder / f"{name}.key.pem", folder / f"{name}.reader.json"
    public = {"name": name, "keyid": get_keyid(raw), "x25519": base64.b64encode(raw).decode()}
    # Never over a key that is there: clips sealed to it could not be opened any more.
    write_new(key_file, pem, is_secret=True)
    write_new(public_file, (json.dumps(public, indent=1) + "\n").encode(), is_secret=False)
    if as_json:
        voice.print_json({"key": str(key_file), "public": str(public_file), **public})
        return
    click.echo(f"{key_file}\n{public_file}")
