"""The page's own address, as browsers know it: what a passkey is bound to."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from edge.errors import Kind, VigieError

_LOCAL = "localhost"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where people open the page. text: as a browser says it, such as https://control.example."""

    text: str
    host: str

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """https://HOST[:PORT], or http://localhost[:PORT].

        Browsers give no passkey to an address in figures, nor without TLS but on the own machine.
        Raises VigieError(INVALID_ARGUMENT) for anything else.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise _bad_origin(text) from None
        host = parts.hostname or ""
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and host == _LOCAL)
        if not is_safe or not host or _is_figures(host):
            raise _bad_origin(text)
        default = 443 if parts.scheme == "https" else 80
        told = f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, default) else "")
        if text.lower().removesuffix("/") not in (told, f"{told}:{default}"):
            raise _bad_origin(text)
        return cls(told, host)


def _is_figures(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _bad_origin(text: str) -> VigieError:
    return VigieError(
        Kind.INVALID_ARGUMENT,
        f"'{text}' is no address of a page that can have passkeys",
        hint="Write it as https://NAME or https://NAME:PORT, as people open it; on this machine "
        "alone http://localhost:PORT.",
    )
