"""What a provisioning file may say, and that nothing else is taken."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from edge.mandate.keys import make_signing_key
from edge.provision.keys import load_public, write_public
from edge.provision.network import Dhcp, Lte, Network, Static, Wifi, network_words
from edge.provision.problem import ProvisionError, Refusal
from edge.provision.statement import is_address, parse_provisioning, write_provisioning
from tests.fakes.provisioning import MADE, bent, fleet_key, provisioning

STATIC = Static(
    IPv4Interface("192.0.2.10/24"), ip_address("192.0.2.1"), (ip_address("192.0.2.53"),)
)
WIFI = Wifi("Mairie, étage 2", "correct horse", "FR")
LTE = Lte("iot.example", "city", "secret-word", "0000")
SECRETS = ("correct horse", "secret-word", "0000")

networks = some.one_of(
    some.just(Dhcp()),
    some.builds(
        lambda address, dns: Static(
            ip_interface(f"{address}/24"), ip_interface(f"{address}/24").network[1], tuple(dns)
        ),
        some.ip_addresses(v=4),
        some.lists(some.ip_addresses(), max_size=4),
    ),
    some.builds(
        Wifi,
        some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32),
        some.text(some.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63),
        some.sampled_from(["FR", "PE", "DE"]),
    ),
    some.builds(Lte, some.just("iot.example"), some.just("user"), some.just("word")),
)


@given(network=networks, days=some.integers(1, 30), has_technician=some.booleans())
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read(network: Network, days: int, has_technician: bool) -> None:
    key = fleet_key().public.raw if has_technician else None
    expires = MADE + timedelta(days=days)
    made = provisioning(network=network, expires=expires, technician_key=key)
    assert parse_provisioning(write_provisioning(made)) == made


@pytest.mark.parametrize("network", [Dhcp(), STATIC, WIFI, LTE])
def test_a_network_of_each_kind_is_read_and_told_without_its_secrets(network: Network) -> None:
    made = provisioning(network=network)
    assert parse_provisioning(write_provisioning(made)) == made
    for told in (network_words(network), repr(made)):
        assert not any(secret in told for secret in SECRETS)
        assert made.token not in told


def test_an_address_of_six_is_taken() -> None:
    network = Static(IPv6Interface("2001:db8::2/64"), IPv6Address("2001:db8::1"), ())
    made = provisioning(network=network, collector="[2001:db8::9]:7444")
    assert parse_provisioning(write_provisioning(made)) == made


WRONG: list[tuple[str, object, str]] = [
    ("version", 2, "version: is 2; allowed: 1 to 1"),
    ("device", "North Gate", "device: 'North Gate' cannot be a device's name"),
    ("board", "Rpi 4", "board: is 'Rpi 4'"),
    ("board", None, "board: is None"),
    ("site", "", "site: is"),
    ("site", "x" * 70_000, "site: is"),
    ("collector.address", "control.example", "collector.address: is 'control.example'"),
    ("collector.address", "a b:7444", "collector.address: is 'a b:7444'"),
    ("collector.address", "control.example:99999", "collector.address: is"),
    ("collector.ca_pem", "-----BEGIN CERTIFICATE-----\nx", "ca_pem: holds no certificate"),
    ("collector.port", 7444, "collector.port: is no known key"),
    ("token", 7, "token: is 7"),
    ("authority_fingerprint", "ab", "authority_fingerprint: is"),
    ("network", "dhcp", "network: is no object with keys and values"),
    ("network.kind", "wfi", "network.kind: is"),
    ("network.ssid", "x", "network.ssid: is no known key"),
    ("technician_key", "AAAA", "technician_key: this is no public key"),
    ("technician_key", 5, "technician_key: is 5"),
    ("made_utc", "yesterday", "made_utc: is"),
    ("expires_utc", "2026-11-21T06:00:00Z", "expires_utc: is not after made_utc"),
    ("comment", "hello", "comment: is no known key"),
]


@pytest.mark.parametrize(("path", "value", "said"), WRONG)
def test_a_value_that_is_wrong_is_named(path: str, value: object, said: str) -> None:
    with pytest.raises(ProvisionError) as refused:
        parse_provisioning(bent(path, value))
    assert said in refused.value.what
    assert refused.value.refusal is Refusal.UNREADABLE


STATIC_RECORD: dict[str, object] = {
    "kind": "static",
    "address": "192.0.2.10/24",
    "gateway": "192.0.2.1",
    "dns": [],
}
WIFI_RECORD: dict[str, object] = {
    "kind": "wifi",
    "ssid": "hall",
    "passphrase": "correct horse",
    "country": "FR",
}
LTE_RECORD: dict[str, object] = {
    "kind": "lte",
    "apn": "iot.example",
    "user": "",
    "password": "",
    "pin": "",
}
WRONG_NETWORKS: list[tuple[dict[str, object], str]] = [
    (STATIC_RECORD | {"address": "192.0.2.10"}, "allowed: an address with its prefix"),
    (STATIC_RECORD | {"address": "192.0.2.300/24"}, "allowed: an address with its prefix"),
    (STATIC_RECORD | {"gateway": "192.0.3.1"}, "which is not in 192.0.2.0/24"),
    (STATIC_RECORD | {"gateway": "gate"}, "allowed: an address like"),
    (STATIC_RECORD | {"dns": ["192.0.2.1", 7]}, "dns[1]"),
    (STATIC_RECORD | {"dns": ["192.0.2.1"] * 5}, "has 5 items; allowed: 0 to 4"),
    (WIFI_RECORD | {"ssid": "é" * 20}, "has 40 bytes"),
    (WIFI_RECORD | {"passphrase": "short"}, "passphrase: is none for WPA"),
    (WIFI_RECORD | {"passphrase": "\u00e9t\u00e9 au soleil"}, "passphrase: is none for WPA"),
    (WIFI_RECORD | {"country": "fr"}, "two capital letters"),
    (LTE_RECORD | {"apn": "iot example"}, "allowed: letters, digits, dots and hyphens"),
    (LTE_RECORD | {"pin": "12"}, "pin: is none of a SIM card"),
    ({"kind": "lte", "apn": "x"}, "network.user: is missing"),
]


@pytest.mark.parametrize(("record", "said"), WRONG_NETWORKS)
def test_a_network_that_is_wrong_is_named(record: dict[str, object], said: str) -> None:
    with pytest.raises(ProvisionError) as refused:
        parse_provisioning(bent("network", record))
    assert said in refused.value.what
    assert "short" not in refused.value.what


def test_everything_that_is_wrong_comes_at_once() -> None:
    wrong = provisioning(device="", collector="x", expires=MADE - timedelta(days=1))
    with pytest.raises(ProvisionError) as refused:
        parse_provisioning(write_provisioning(wrong))
    assert [each.path for each in refused.value.problems] == [
        "collector.address",
        "device",
        "expires_utc",
    ]


def test_text_that_is_no_statement_is_refused() -> None:
    for received in (b"", b"[]", b"{", b"\xff", b"{}", b'{"a":1,"a":2}', b" " * 200_000):
        with pytest.raises(ProvisionError):
            parse_provisioning(received)


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("control.example:7444", True),
        ("192.0.2.1:1", True),
        ("[2001:db8::1]:7444", True),
        ("2001:db8::1", False),
        (":7444", False),
        ("control.example:0", False),
        ("control.example:\u0667", False),
        ("control.example:7444\n", False),
    ],
)
def test_an_address_is_host_and_port(text: str, is_good: bool) -> None:
    assert is_address(text) is is_good


def test_the_public_key_is_one_line_and_comes_back() -> None:
    key = make_signing_key("provision").public
    assert load_public(write_public(key)).raw == key.raw
    assert write_public(key).count(b"\n") == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"",
        lambda text: text[:-5],
        lambda text: text + text,
        lambda text: text.replace(b"=", b""),
        lambda text: b"-----BEGIN PUBLIC KEY-----",
        lambda text: text + b"\n" * 300,
        lambda text: b"\xff" + text[1:],
    ],
)
def test_what_is_no_public_key_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ProvisionError, match="this is no public key"):
        load_public(spoil(write_public(fleet_key().public)))
