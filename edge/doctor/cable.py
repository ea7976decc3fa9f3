"""One cable: its link-local address, and a socket that hears nothing else.

Link-local (RFC 3927): no router passes it on, and a laptop that is plugged in gives itself one too.
The address is always the same, so that the technician knows it before the cable is in.
"""

import fcntl
import logging
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.whole_file import read_bounded

LINK_LOCAL = IPv4Network("169.254.0.0/16")
OWN_ADDRESS = IPv4Address("169.254.77.1")
"""Taken for as long as the page is open."""
PORT = 8080
_SIOCGIFADDR = 0x8915
"""netdevice(7)."""
_BACKLOG = 4
_IS_UP = 0x1
"""IFF_UP of netdevice(7), in the flags that /sys tells."""

_log = logging.getLogger("vigie.doctor")


@contextmanager
def listen_on(interface: str, port: int) -> Iterator[socket.socket]:
    """A listening socket on the interface's link-local address, gone with the block.

    interface: such as usb0 or eth0; lo, to try it at a desk. port: 0 takes a free one.
    Raises VigieError.
    """
    require(interface)
    with _address_of(interface) as address, socket.socket() as listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Linux answers for an address on every interface; this keeps the others out.
            named = interface.encode() + b"\0"
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, named)
            listening.bind((str(address), port))
            listening.listen(_BACKLOG)
        except OSError as refused:
            raise VigieError(
                Kind.UNAVAILABLE,
                f"nothing can listen on {address} port {port}: {refused.strerror}",
                hint="Name another port with --port, and run this as root.",
            ) from refused
        yield listening


def require(interface: str) -> None:
    """Raises VigieError(NOT_FOUND) where the machine has no such cable."""
    if not is_there(interface):
        what = f"there is no interface '{interface}'"
        raise VigieError(Kind.NOT_FOUND, what, hint=f"There are {interfaces()}.")


def interfaces() -> str:
    """The names of the machine's cables, for a person."""
    return ", ".join(name for _, name in socket.if_nameindex())


def is_there(interface: str) -> bool:
    """Whether the machine has a cable of this name now."""
    return interface in {name for _, name in socket.if_nameindex()}


@contextmanager
def _address_of(interface: str) -> Iterator[IPv4Address]:
    found = read_address(interface)
    if found is not None and found.is_loopback:
        yield found
        return
    was_up = _is_up(interface)
    own = [f"{OWN_ADDRESS}/{LINK_LOCAL.prefixlen}", "dev", interface]
    _run_ip(["address", "replace", *own, "scope", "link"])
    try:
        _run_ip(["link", "set", interface, "up"])
        yield OWN_ADDRESS
    finally:
        _give_up(["address", "del", *own], interface)
        if not was_up:
            _give_up(["link", "set", interface, "down"], interface)


def _is_up(interface: str) -> bool:
    flags = (read_bounded(Path(f"/sys/class/net/{interface}/flags"), 64) or b"0").strip()
    return bool(int(flags, 16) & _IS_UP)


def read_address(interface: str) -> IPv4Address | None:
    """The interface's first IPv4 address; None: it has none."""
    asked = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket.fileno(), _SIOCGIFADDR, asked)
        except OSError:
            return None
    return IPv4Address(answer[20:24])


def _give_up(words: list[str], interface: str) -> None:
    if not is_there(interface):
        # Pulled out of the machine, it took its address with it.
        return
    try:
        _run_ip(words)
    except VigieError as refused:
        # Nothing listens there any more; a page that is closed stays closed.
        _log.warning("cable_not_reset reason=%r", refused.what)


def _run_ip(words: list[str]) -> None:
    done = subprocess.run(
        ["ip", *words],
        env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the cable got no link-local address: {done.stderr.strip()[:200]}",
            hint="Plug the cable in, name its interface, and run this as root.",
        )
