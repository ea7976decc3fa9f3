"""`--network`: how a pole reaches the network, in a few words; its secrets are asked, never typed
on a command line, where every process sees them.
"""

from collections.abc import Callable

import click

from edge.errors import Kind
from edge.provision.network import Network, read_network
from edge.provision.problem import ProvisionError
from edge.wire.fields import Fields

FORMS = (
    "dhcp",
    "static:ADDRESS/PREFIX,GATEWAY[,DNS...]",
    "wifi:COUNTRY:NAME",
    "lte:APN[,user=NAME][,pin]",
)
# The question to the person's secret.
Ask = Callable[[str], str]


def ask_secret(question: str) -> str:
    """A secret that is not shown while it is typed."""
    return str(click.prompt(question, hide_input=True, err=True))


def parse_network(text: str, ask: Ask) -> Network:
    """The network of some words. Raises ProvisionError, before anything is asked if it can."""
    kind, _, rest = text.strip().partition(":")
    record: dict[str, object]
    match kind:
        case "dhcp" if not rest:
            record = {"kind": "dhcp"}
        case "static":
            address, gateway, *dns = [*rest.split(","), "", ""][: max(2, rest.count(",") + 1)]
            record = {"kind": "static", "address": address, "gateway": gateway, "dns": dns}
        case "wifi":
            country, _, name = rest.partition(":")
            record = {"kind": "wifi", "ssid": name, "passphrase": "not asked", "country": country}
            _read(record, text)
            record["passphrase"] = ask(f'Passphrase of Wi-Fi "{name}"')
        case "lte":
            record = _lte(rest, text, ask)
        case _:
            raise _refused(text, "is none")
    return _read(record, text)


def _lte(rest: str, text: str, ask: Ask) -> dict[str, object]:
    apn, *words = rest.split(",")
    record: dict[str, object] = {"kind": "lte", "apn": apn, "user": "", "password": "", "pin": ""}
    has_pin = False
    for word in words:
        if word == "pin":
            has_pin = True
        elif word.startswith("user="):
            record["user"] = word.removeprefix("user=")
        else:
            raise _refused(text, f"has {word!r}, which is neither user=NAME nor pin")
    _read(record, text)
    if record["user"]:
        record["password"] = ask(f"Password of {record['user']} at {apn}")
    if has_pin:
        record["pin"] = ask(f"PIN of the SIM card for {apn}")
    return record


def _read(record: dict[str, object], text: str) -> Network:
    fields = Fields(record)
    network = read_network(fields)
    try:
        fields.raise_problems(ProvisionError)
    except ProvisionError as error:
        raise _refused(text, error.what) from None
    return network


def _refused(text: str, why: str) -> ProvisionError:
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return ProvisionError(
        Kind.INVALID_ARGUMENT,
        f"the network {shown[:80]!r} cannot be taken: {why}",
        hint=f"Write one of: {' | '.join(FORMS)}",
    )
