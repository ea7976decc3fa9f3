"""How a pole reaches the network: by cable, Wi-Fi or a SIM card. Secrets are never represented."""

import re
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
)

from edge.wire.fields import Fields

KINDS = ("dhcp", "static", "wifi", "lte")
MAX_DNS = 4
MAX_SSID_BYTES = 32
"""IEEE 802.11, 9.4.2.2."""
MAX_TEXT_CHARS = 100
MAX_SECRET_CHARS = 1000
"""Far above what is allowed: a text beyond this bound would be repeated in the error."""
# WPA: 8 to 63 printable ASCII signs, or the key itself as 64 hexadecimal digits.
_PASSPHRASE = re.compile(r"[ -~]{8,63}|[0-9A-Fa-f]{64}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PIN = re.compile(r"[0-9]{4,8}")
_APN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?")

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
NOWHERE = IPv4Interface("0.0.0.0/32")
"""What stands in place of an address that cannot be read."""


@dataclass(frozen=True, slots=True)
class Dhcp:
    """A cable; the network tells the address."""


@dataclass(frozen=True, slots=True)
class Static:
    """A cable with an address of its own. address: with its prefix; gateway: within it."""

    address: Interface
    gateway: Address
    dns: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Wifi:
    """WPA2 or WPA3 with a passphrase. country: two letters, whose radio rules hold."""

    ssid: str
    passphrase: str = field(repr=False)
    country: str


@dataclass(frozen=True, slots=True)
class Lte:
    """A SIM card. user, password, pin: empty where the operator wants none."""

    apn: str
    user: str = ""
    password: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)


Network = Dhcp | Static | Wifi | Lte


def read_network(fields: Fields) -> Network:
    """The network of a provisioning file; problems are collected in fields."""
    kind = fields.word("kind", KINDS)
    network: Network = Dhcp()
    if kind == "static":
        network = _read_static(fields)
    elif kind == "wifi":
        network = _read_wifi(fields)
    elif kind == "lte":
        network = _read_lte(fields)
    if kind:
        fields.close()
    return network


def network_record(network: Network) -> dict[str, object]:
    """The network as a provisioning file has it, secrets and all."""
    match network:
        case Dhcp():
            return {"kind": "dhcp"}
        case Static(address, gateway, dns):
            named = {"address": str(address), "gateway": str(gateway)}
            return {"kind": "static", **named, "dns": [str(each) for each in dns]}
        case Wifi(ssid, passphrase, country):
            return {"kind": "wifi", "ssid": ssid, "passphrase": passphrase, "country": country}
        case Lte(apn, user, password, pin):
            return {"kind": "lte", "apn": apn, "user": user, "password": password, "pin": pin}


def network_words(network: Network) -> str:
    """One line for a person, without any secret."""
    match network:
        case Dhcp():
            return "cable, address by DHCP"
        case Static(address, gateway, dns):
            names = f", names from {', '.join(map(str, dns))}" if dns else ""
            return f"cable, address {address}, gateway {gateway}{names}"
        case Wifi(ssid, _, country):
            return f'Wi-Fi "{ssid}" ({country})'
        case Lte(apn, user, _, pin):
            return f"LTE {apn}{f' as {user}' if user else ''}{', SIM with PIN' if pin else ''}"


def _read_static(fields: Fields) -> Static:
    address = _interface(fields, "address")
    gateway = _address(fields, "gateway", fields.text("gateway", longest=45))
    dns = []
    for index, found in enumerate(fields.items("dns", most=MAX_DNS, default=[])):
        dns.append(_address(fields, f"dns[{index}]", found if isinstance(found, str) else "?"))
    if address != NOWHERE and gateway != NOWHERE.ip and gateway not in address.network:
        fields.wrong("gateway", f"is {gateway}, which is not in {address.network}")
    return Static(address, gateway, tuple(dns))


def _read_wifi(fields: Fields) -> Wifi:
    ssid = fields.text("ssid", longest=MAX_SSID_BYTES)
    if len(ssid.encode()) > MAX_SSID_BYTES:
        fields.wrong("ssid", f"has {len(ssid.encode())} bytes; a network's name has at most 32")
    passphrase = fields.letter("passphrase", longest=MAX_SECRET_CHARS)
    if passphrase and not _PASSPHRASE.fullmatch(passphrase):
        # What was written is a secret and is not repeated.
        fields.wrong("passphrase", "is none for WPA: 8 to 63 ASCII signs, or 64 digits 0-9 a-f")
    country = fields.text("country", longest=2, shortest=2)
    if country and not _COUNTRY.fullmatch(country):
        fields.wrong("country", f"is {country}; allowed: two capital letters, such as FR")
    return Wifi(ssid, passphrase, country)


def _read_lte(fields: Fields) -> Lte:
    apn = fields.text("apn", longest=MAX_TEXT_CHARS)
    if apn and not _APN.fullmatch(apn):
        fields.wrong("apn", f"is {apn}; allowed: letters, digits, dots and hyphens")
    user = fields.text("user", longest=MAX_TEXT_CHARS, shortest=0)
    password = fields.text("password", longest=MAX_SECRET_CHARS, shortest=0)
    pin = fields.text("pin", longest=MAX_SECRET_CHARS, shortest=0)
    if pin and not _PIN.fullmatch(pin):
        fields.wrong("pin", "is none of a SIM card: 4 to 8 digits")
    return Lte(apn, user, password, pin)


def _interface(fields: Fields, key: str) -> Interface:
    text = fields.text(key, longest=49)
    try:
        found: Interface = ip_interface(text)
    except ValueError:
        found = NOWHERE
    if text and (found == NOWHERE or "/" not in text):
        fields.wrong(key, f"is {text!r}; allowed: an address with its prefix, like 192.0.2.10/24")
        return NOWHERE
    return found


def _address(fields: Fields, key: str, text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        if text:
            fields.wrong(key, f"is {text!r}; allowed: an address like 192.0.2.1")
        return NOWHERE.ip
