"""A provisioning file's network as NetworkManager's keyfile (nm-settings-keyfile(5)). Pure.

The identifiers that NetworkManager would derive from the machine id are set: that id is another
one after each start, and a network that knows poles by them would see a new pole each time.
"""

from edge.provision.network import Dhcp, Lte, Network, Static, Wifi

FILE_NAME = "vigie.nmconnection"
_UUID = "6a2e3c58-2f3b-5c44-9a59-7a1f0c9d4e10"
_STEADY_V4 = {"dhcp-client-id": "mac"}
_STEADY_V6 = {"addr-gen-mode": "eui64", "dhcp-duid": "ll"}

Section = dict[str, str]


def write_connection(network: Network) -> str:
    """The text of the one connection of a pole."""
    sections: dict[str, Section] = {"connection": _connection(network)}
    automatic = {
        "ipv4": {"method": "auto", **_STEADY_V4},
        "ipv6": {"method": "auto", **_STEADY_V6},
    }
    match network:
        case Dhcp():
            sections |= {"ethernet": {}, **automatic}
        case Static():
            sections |= {"ethernet": {}, **_static(network)}
        case Wifi(ssid, passphrase, _):
            # A list of bytes, so that no sign of a name means anything to the keyfile.
            name = "".join(f"{each};" for each in ssid.encode())
            secret = {"key-mgmt": "wpa-psk", "psk": _escape(passphrase)}
            sections |= {"wifi": {"mode": "infrastructure", "ssid": name}}
            sections |= {"wifi-security": secret, **automatic}
        case Lte():
            sections |= {"gsm": _gsm(network), **automatic}
    return "\n".join(f"[{name}]\n{_lines(section)}" for name, section in sections.items())


def write_radio_rules(network: Network) -> str:
    """Whose radio rules hold, for modprobe.d; empty where there is no radio of ours."""
    if not isinstance(network, Wifi):
        return ""
    return f"options cfg80211 ieee80211_regdom={network.country}\n"


def _connection(network: Network) -> Section:
    kinds = {Dhcp: "ethernet", Static: "ethernet", Wifi: "wifi", Lte: "gsm"}
    return {
        "id": "vigie",
        "uuid": _UUID,
        "type": kinds[type(network)],
        "autoconnect": "true",
        # For ever: a pole has nobody to press connect.
        "autoconnect-retries": "0",
    }


def _static(network: Static) -> dict[str, Section]:
    version = network.address.version
    servers = "".join(f"{each};" for each in network.dns if each.version == version)
    own = {"method": "manual", "address1": f"{network.address},{network.gateway}"}
    own |= {"dns": servers} if servers else {}
    if version == 4:
        return {"ipv4": own, "ipv6": {"method": "link-local", **_STEADY_V6}}
    return {"ipv4": {"method": "disabled"}, "ipv6": own | _STEADY_V6}


def _gsm(network: Lte) -> Section:
    found = {
        "apn": network.apn,
        "username": _escape(network.user),
        "password": _escape(network.password),
        "pin": network.pin,
    }
    return {key: value for key, value in found.items() if value}


def _escape(text: str) -> str:
    """As GLib's keyfile wants it: the backslash, and spaces that it would strip."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    stripped = escaped.lstrip(" ")
    return "\\s" * (len(escaped) - len(stripped)) + stripped


def _lines(section: Section) -> str:
    return "".join(f"{key}={value}\n" for key, value in section.items())
