"""The network of a provisioning file as NetworkManager reads it."""

import configparser
from ipaddress import ip_address, ip_interface

import pytest

from edge.board.network import write_connection, write_radio_rules
from edge.provision.network import Dhcp, Lte, Network, Static, Wifi

STATIC = Static(ip_interface("192.0.2.10/24"), ip_address("192.0.2.1"), (ip_address("192.0.2.2"),))
WIFI = Wifi("café 7", " two\\words", "FR")
LTE = Lte("internet.example", "user", "pass word", "1234")
HEAD = """\
[connection]
id=vigie
uuid=6a2e3c58-2f3b-5c44-9a59-7a1f0c9d4e10
type={}
autoconnect=true
autoconnect-retries=0

"""
AUTOMATIC = """\
[ipv4]
method=auto
dhcp-client-id=mac

[ipv6]
method=auto
addr-gen-mode=eui64
dhcp-duid=ll
"""
GOLDEN: dict[str, tuple[Network, str]] = {
    "a cable with DHCP": (Dhcp(), HEAD.format("ethernet") + "[ethernet]\n\n" + AUTOMATIC),
    "a cable with its own address": (
        STATIC,
        HEAD.format("ethernet")
        + "[ethernet]\n\n[ipv4]\nmethod=manual\naddress1=192.0.2.10/24,192.0.2.1\n"
        + "dns=192.0.2.2;\n\n[ipv6]\nmethod=link-local\naddr-gen-mode=eui64\ndhcp-duid=ll\n",
    ),
    "Wi-Fi": (
        WIFI,
        HEAD.format("wifi")
        + "[wifi]\nmode=infrastructure\nssid=99;97;102;195;169;32;55;\n\n"
        + "[wifi-security]\nkey-mgmt=wpa-psk\npsk=\\stwo\\\\words\n\n"
        + AUTOMATIC,
    ),
    "a SIM card": (
        LTE,
        HEAD.format("gsm")
        + "[gsm]\napn=internet.example\nusername=user\npassword=pass word\npin=1234\n\n"
        + AUTOMATIC,
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_network_becomes_one_connection(name: str) -> None:
    network, text = GOLDEN[name]
    assert write_connection(network) == text


@pytest.mark.parametrize("network", [network for network, _ in GOLDEN.values()])
def test_every_connection_reads_as_a_keyfile(network: Network) -> None:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.read_string(write_connection(network))
    assert parser["connection"]["type"] in parser.sections()


def test_an_ipv6_address_leaves_ipv4_out() -> None:
    static = Static(ip_interface("2001:db8::7/64"), ip_address("2001:db8::1"), ())
    text = write_connection(static)
    assert "[ipv4]\nmethod=disabled\n" in text
    assert "address1=2001:db8::7/64,2001:db8::1\n" in text


def test_the_country_rules_the_radio_and_nothing_else() -> None:
    assert write_radio_rules(WIFI) == "options cfg80211 ieee80211_regdom=FR\n"
    assert write_radio_rules(LTE) == ""
