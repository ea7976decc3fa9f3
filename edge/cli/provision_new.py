"""`vigie provision new|batch`: invite poles and write the files for their cards."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from edge.cli import voice
from edge.cli.nouns import WholeNumber
from edge.cli.operator_channel import Access, operator_options

if TYPE_CHECKING:
    from edge.cli.provision_making import Order
    from edge.provision.statement import Provisioning

NEW_EXAMPLES = """\
\b
Examples:
  vigie provision new north-gate --site site.toml --board rpi --key provision.key \\
    --authority 0d237aa816845dc90f639200464872d7d201571b3ade5c7de85f4d51fed67b46
  vigie provision new yard --site yard.toml --board rpi --key provision.key --authority 0d237a \\
    --enrolment control.example:7444 --network "wifi:FR:Mairie" --valid-hours 48
\b
--network: dhcp | static:192.0.2.10/24,192.0.2.1,192.0.2.53 | wifi:FR:NAME
  | lte:iot.example,user=NAME,pin. Passphrase, password and PIN are asked.
"""
BATCH_EXAMPLES = """\
\b
Examples:
  vigie provision batch poles.csv --board rpi --key provision.key --authority 0d237a --out cards
  vigie provision batch poles.csv --key provision.key --authority 0d237a --labels labels.pdf
\b
poles.csv: device,site,network,board; the last two may be left out. Passphrases are asked once a
network. Then, where the cards are: 'vigie flash IMAGE --batch poles.csv --provision cards'.
"""
_PATH = click.Path(path_type=Path)
P = ParamSpec("P")
R = TypeVar("R")
_MAKING = (
    click.option("--key", "key_file", type=_PATH, required=True, help="The fleet's signing key."),
    click.option(
        "--authority",
        required=True,
        metavar="FINGERPRINT",
        help="Of the trust file that the pole shall believe; the authority tells it.",
    ),
    click.option(
        "--enrolment",
        default="",
        metavar="HOST:PORT",
        help="Where poles reach the collector. Default: as the running collector says.",
    ),
    click.option(
        "--technician", type=_PATH, help="A NAME.pub; its holder may open the pole's local page."
    ),
    click.option(
        "--valid-hours",
        type=WholeNumber(1, 720),
        default=168,
        show_default=True,
        help="How long file and token work.",
    ),
)


def _making_options(command: Callable[P, R]) -> Callable[P, R]:
    """What one file and many have in common."""
    for option in reversed(_MAKING):
        command = option(command)
    return command


@click.command(epilog=NEW_EXAMPLES)
@click.argument("device")
@click.option("--site", type=_PATH, required=True, help="The pole's site file.")
@click.option("--board", required=True, help="The board profile of its image, such as rpi.")
@click.option(
    "--network",
    "network_words",
    metavar="WORDS",
    default="dhcp",
    show_default=True,
    help="How it reaches the network; see below.",
)
@click.option("--token", default="", help="From 'vigie device invite'. Default: a new one is made.")
@click.option("--ca", type=_PATH, help="The collector's ca.pem. Default: the operator's.")
@click.option("--out", type=_PATH, help="Default: DEVICE.provision.json.")
@_making_options
@operator_options
@voice.json_option
def new(
    *,
    device: str,
    site: Path,
    board: str,
    network_words: str,
    token: str,
    ca: Path | None,
    out: Path | None,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
    **making: object,
) -> None:
    """Invite a device and write its provisioning file, signed, for its card."""
    from edge.cli import provision_making as making_of  # noqa: PLC0415 - loads cryptography
    from edge.cli.network_option import ask_secret  # noqa: PLC0415
    from edge.cli.pole_list import Pole  # noqa: PLC0415

    order = _order(Access(data, collector, identity), making, token=token, ca=ca)
    target = out or Path(f"{device}{making_of.SUFFIX}")
    pole = Pole(device, site, network_words, board)
    draft = making_of.draft(pole, order, target, ask_secret, datetime.now(UTC))
    (made,) = making_of.finish([draft], order)
    if as_json:
        voice.print_json({"file": str(target), **provisioning_record(made)})
        return
    click.echo(f"{target}: {made.device} for board {made.board}, until {until_words(made)}")
    voice.say(
        f"It holds a token that works once: treat it as a key. Then: vigie flash IMAGE --provision "
        f"{target}"
    )


@click.command(epilog=BATCH_EXAMPLES)
@click.argument("poles", type=_PATH)
@click.option("--board", default="", help="For poles whose row names none.")
@click.option("--out", type=_PATH, help="The directory for the files. Default: the list's own.")
@click.option("--labels", type=_PATH, help="Also write a PDF with labels for the poles.")
@_making_options
@operator_options
@voice.json_option
def batch(
    *,
    poles: Path,
    board: str,
    out: Path | None,
    labels: Path | None,
    data: Path,
    collector: str,
    identity: Path | None,
    as_json: bool,
    **making: object,
) -> None:
    """Invite all devices of a list and write their provisioning files and labels."""
    from edge.cli import provision_making as making_of  # noqa: PLC0415 - loads cryptography
    from edge.cli.named_files import replace_file  # noqa: PLC0415
    from edge.cli.network_option import ask_secret  # noqa: PLC0415
    from edge.cli.pole_list import read_poles  # noqa: PLC0415
    from edge.flash.labels import label_sheets  # noqa: PLC0415 - loads segno

    order = _order(Access(data, collector, identity), making)
    folder = out or poles.parent
    asked_for = read_poles(poles, board)
    drafts = making_of.draft_all(asked_for, order, folder, ask_secret, datetime.now(UTC))
    if labels is not None:
        # Before the tokens are made: what cannot be drawn or written is found now.
        replace_file(labels, label_sheets([each.label for each in drafts]))
    finished = making_of.finish(drafts, order)
    for each, made in zip(drafts, finished, strict=True):
        if as_json:
            voice.print_json({"file": str(each.out), **provisioning_record(made)})
        else:
            click.echo(
                f"{each.out}: {made.device} for board {made.board}, until {until_words(made)}"
            )
    if labels is not None:
        voice.say(f"{labels}: {len(drafts)} labels")


def _order(
    access: Access, making: dict[str, object], *, token: str = "", ca: Path | None = None
) -> "Order":
    from edge.cli.mandate_files import read_key  # noqa: PLC0415
    from edge.cli.provision_making import Order  # noqa: PLC0415

    if token and ca is None:
        raise click.UsageError("with --token give the collector's authority too: --ca ca.pem")
    key = read_key(Path(str(making.pop("key_file"))))
    return Order(access=access, key=key, token=token, ca=ca, **making)  # type: ignore[arg-type]


def until_words(said: "Provisioning") -> str:
    """When a file ends."""
    return said.expires.strftime("%Y-%m-%d %H:%M UTC")


def provisioning_record(said: "Provisioning") -> dict[str, object]:
    """What is no secret of a file, for machines."""
    return {
        "device": said.device,
        "board": said.board,
        "collector": said.collector,
        "expires_utc": said.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
