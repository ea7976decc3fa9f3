"""A line with a narrow way up and a long way round, in network namespaces of this machine.

    pole ── veth ── modem ── tbf, one queue of two seconds ── delay ── city

The kernel's token bucket (tbf) limits what leaves the modem; the queue before it is the only one,
so all connections of the pole meet there. The delay is this module as a process: it holds each
packet between two TUN devices, both ways, for half the round trip. Needs root.

Usage: python -m tools.narrow_line DELAY_MS
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

POLE, MODEM, CITY = "vigie-pole", "vigie-modem", "vigie-city"
POLE_ADDRESS, MODEM_ADDRESS = "10.99.1.2", "10.99.1.1"
CITY_ADDRESS, GATE_ADDRESS = "10.99.2.2", "10.99.2.1"
TUN = "tun0"
# As a cellular modem's: deep, which is what makes events wait.
QUEUE_MS = 2_000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000


@contextmanager
def open_line(round_trip_ms: int) -> Iterator[None]:
    """The namespaces, wired and without a limit yet. Raises OSError, CalledProcessError."""
    delay = None
    with ExitStack() as stack:
        for name in (POLE, MODEM, CITY):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("netns", "exec", MODEM, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        _ip("-n", POLE, "link", "add", "up0", "type", "veth", "peer", "name", "down0",
            "netns", MODEM)  # fmt: skip
        _give(POLE, "up0", POLE_ADDRESS)
        _give(MODEM, "down0", MODEM_ADDRESS)
        _route(POLE, MODEM_ADDRESS)
        delay = subprocess.Popen(
            [sys.executable, "-m", "tools.narrow_line", str(round_trip_ms // 2)],
            stdout=subprocess.PIPE,
        )
        stack.callback(delay.wait)
        stack.callback(delay.kill)
        assert delay.stdout is not None
        delay.stdout.readline()
        _give(MODEM, TUN, GATE_ADDRESS)
        _give(CITY, TUN, CITY_ADDRESS)
        _route(CITY, GATE_ADDRESS)
        yield


def set_width(kbit: int) -> None:
    """How much the modem may send a second, headers of IP and TCP included."""
    subprocess.run(
        ["ip", "netns", "exec", MODEM, "tc", "qdisc", "replace", "dev", TUN, "root", "tbf",
         "rate", f"{kbit}kbit", "burst", f"{max(1600, kbit // 8 * 2)}", "latency",
         f"{QUEUE_MS}ms"],
        check=True,
    )  # fmt: skip


def _give(namespace: str, device: str, address: str) -> None:
    _ip("-n", namespace, "address", "add", f"{address}/30", "dev", device)
    _ip("-n", namespace, "link", "set", device, "up")


def _route(namespace: str, gate: str) -> None:
    # What poles run; another control of TCP's would be another benchmark.
    _ip("-n", namespace, "route", "add", "default", "via", gate, "congctl", "cubic")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


# The delay, in a process of its own.


def _open_tun(namespace: str) -> int:
    with (Path("/run/netns") / namespace).open() as there:
        if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", TUN.encode(), IFF_TUN | IFF_NO_PI))
    return device


async def _delay(one: int, other: int, delay_seconds: float) -> None:
    loop = asyncio.get_running_loop()

    def pass_on(into: int, packet: bytes) -> None:
        # A device without room drops, as any does.
        with contextlib.suppress(BlockingIOError):
            os.write(into, packet)

    def take(source: int, into: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while packet := os.read(source, 65_536):
                loop.call_later(delay_seconds, pass_on, into, packet)

    loop.add_reader(one, take, one, other)
    loop.add_reader(other, take, other, one)
    await loop.create_future()


def main() -> None:
    """Hold packets between two namespaces until killed."""
    one, other = _open_tun(MODEM), _open_tun(CITY)
    print("ready", flush=True)
    asyncio.run(_delay(one, other, int(sys.argv[1]) / 1000))


if __name__ == "__main__":
    main()
