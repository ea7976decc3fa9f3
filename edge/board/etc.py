"""Fills /etc, which is memory: hostname, network, where the site file is.

The machine id stays the one that systemd made up at this start: it is in use by then, and
nothing on a pole is known by it (network.py).
"""

from pathlib import Path

from edge.board.machine import Machine
from edge.board.network import FILE_NAME, write_connection, write_radio_rules
from edge.board.settled import Settled
from edge.whole_file import write_whole

CONNECTIONS = "/etc/NetworkManager/system-connections"
RADIO_RULES = "/etc/modprobe.d/vigie-radio.conf"
SITE = "/etc/vigie/site.toml"


def fill(machine: Machine, settled: Settled) -> None:
    """What this pole is set to be. Raises OSError, VigieError."""
    hosts = f"127.0.0.1 localhost {settled.device}\n::1 localhost {settled.device}\n"
    _write(machine.at("/etc/hostname"), f"{settled.device}\n")
    _write(machine.at("/etc/hosts"), hosts)
    machine.must(["hostname", settled.device])
    connection = write_connection(settled.network)
    # NetworkManager takes no file that others may read.
    _write(machine.at(f"{CONNECTIONS}/{FILE_NAME}"), connection, mode=0o600)
    if rules := write_radio_rules(settled.network):
        _write(machine.at(RADIO_RULES), rules)


def link_site(machine: Machine) -> None:
    """The rooms look for the site file in /etc; it lies in /state. Raises OSError."""
    site = machine.at(SITE)
    site.parent.mkdir(parents=True, exist_ok=True)
    if not site.is_symlink():
        site.unlink(missing_ok=True)
        site.symlink_to("/state/site.toml")


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    write_whole(path, text.encode(), mode=mode, folder_mode=0o755, is_synced=False)
