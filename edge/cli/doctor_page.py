"""`vigie doctor token` and `vigie doctor open`: the local page of a pole, on one cable."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.named_files import read_file, write_new
from edge.cli.nouns import Number, WholeNumber
from edge.cli.pole_data import pole_data_option
from edge.errors import Kind, VigieError

MAKING_EXAMPLES = """\
\b
Examples:
  vigie doctor token north-gate --key technician.key --out visit.json
  vigie doctor token yard --key technician.key --interface end0 --minutes 60 --out yard.json
\b
The key is of 'vigie provision keygen technician'; its public half went into the pole's file. A pole
with an image takes the token from its card: as vigie/visit.json on the partition VIGIE, or with
'vigie flash --visit'. It opens its page at the next start.
"""
OPEN_EXAMPLES = """\
\b
Examples:
  vigie doctor open visit.json
  vigie doctor open visit.json --port 0 --site site.toml --data pole --models models
\b
This is for a pole with a shell; one with an image opens its page by itself. The cable is the one
that the token names. The eye is stopped meanwhile, where systemd keeps it. Every opening is an
event, and a line of DATA/doctor/openings.jsonl.
\b
Exit codes: 0 it was open and is closed, 3 no token, 4 no such cable, 5 the token opens nothing.
"""
_PATH = click.Path(path_type=Path)
_GB_OF_TB = 1000

site_option = click.option(
    "--site",
    type=_PATH,
    default=Path("/etc/vigie/site.toml"),
    show_default=True,
    help="The site file.",
)
models_option = click.option(
    "--models",
    type=_PATH,
    default=Path("/usr/share/vigie/models"),
    show_default=True,
    help="Where built models stand.",
)


@click.command(epilog=MAKING_EXAMPLES)
@click.argument("device")
@click.option("--key", type=_PATH, required=True, help="The technician's private key.")
@click.option(
    "--minutes",
    type=WholeNumber(1, 60),
    default=15,
    show_default=True,
    help="How long the page stays open.",
)
@click.option(
    "--valid-hours",
    type=WholeNumber(1, 168),
    default=24,
    show_default=True,
    help="How long the token may wait before it is used.",
)
@click.option("--interface", default="", help="The cable, such as end0; otherwise the board's USB.")
@click.option(
    "--rated-tb",
    type=Number(0.1, 100_000),
    metavar="TB",
    help="What the card's maker lets be written to it.",
)
@click.option("--out", type=_PATH, required=True, help="The file to write.")
@voice.json_option
def token(
    *,
    device: str,
    key: Path,
    minutes: int,
    valid_hours: int,
    interface: str,
    rated_tb: float | None,
    out: Path,
    as_json: bool,
) -> None:
    """Make a token that opens one pole's local page, once."""
    from edge.doctor.cable import OWN_ADDRESS, PORT  # noqa: PLC0415
    from edge.doctor.token import is_interface, make_token, sign_token  # noqa: PLC0415
    from edge.mandate.keys import (  # noqa: PLC0415
        MAX_KEY_FILE_BYTES,
        is_protected,
        load_private_pem,
    )
    from edge.mandate.statement import utc_text  # noqa: PLC0415
    from edge.wire.identifiers import DEVICE_NAME_HINT, is_device_name  # noqa: PLC0415

    if not is_device_name(device):
        what = f"'{device}' cannot be a device's name"
        raise VigieError(Kind.INVALID_ARGUMENT, what, hint=DEVICE_NAME_HINT)
    if interface and not is_interface(interface):
        what = f"'{interface}' cannot be a cable's name"
        raise VigieError(Kind.INVALID_ARGUMENT, what, hint="Such as end0, as 'ip link' has it.")
    pem = read_file(key, MAX_KEY_FILE_BYTES)
    passphrase = None
    if is_protected(pem):
        passphrase = str(click.prompt("Passphrase", hide_input=True, err=True)).encode()
    signing = load_private_pem("technician", pem, passphrase)
    made = make_token(
        device,
        minutes,
        datetime.now(UTC),
        timedelta(hours=valid_hours),
        interface=interface,
        rated_gb=None if rated_tb is None else round(rated_tb * _GB_OF_TB),
    )
    address = f"http://{OWN_ADDRESS}:{PORT}/{made.number}/"
    write_new(out, sign_token(made, signing), is_secret=True)
    if as_json:
        record = {"file": str(out), "device": device, "minutes": minutes, "address": address}
        voice.print_json(record | {"expires_utc": utc_text(made.expires)})
        return
    click.echo(f"{out}: opens {device} once, for {minutes} minutes, until {utc_text(made.expires)}")
    click.echo(f"the page, with the cable in: {address}")


@click.command(name="open", epilog=OPEN_EXAMPLES)
@click.argument("token", type=_PATH)
@click.option(
    "--port", type=WholeNumber(0, 65535), default=8080, show_default=True, help="0: a free one."
)
@site_option
@pole_data_option
@models_option
def open_page(token: Path, port: int, site: Path, data: Path, models: Path) -> None:
    """Show the local page on one cable, for the token's minutes; Ctrl-C ends it."""
    from edge.doctor.admission import admit  # noqa: PLC0415 - pydantic, cryptography
    from edge.doctor.looking import PoleFiles  # noqa: PLC0415
    from edge.doctor.opening import Cable  # noqa: PLC0415
    from edge.doctor.opening import open_page as show  # noqa: PLC0415
    from edge.provision.places import MAX_VISIT_BYTES  # noqa: PLC0415

    taken = admit(read_file(token, MAX_VISIT_BYTES), data, datetime.now(UTC))
    if not taken.interface:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the token names no cable, and only an image has one of its own",
            where=str(token),
            hint="Make one with --interface: vigie doctor token --help",
        )
    why = show(PoleFiles(site, data, models), taken, Cable(taken.interface, port), click.echo)
    voice.say(f"vigie: the page is closed (by {why})")
