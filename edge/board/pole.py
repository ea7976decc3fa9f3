"""The data partition as the rooms need it: opened, with their folders, trust, name and identity,
and the key of whoever may visit.
"""

from pathlib import Path

from edge.board.machine import Machine
from edge.board.pinning import pin_trust
from edge.board.secret import derive_data_key
from edge.board.settled import Places
from edge.board.volume import DATA, Outcome, ensure_volume, is_mounted
from edge.mandate.device_name import device_path
from edge.mandate.keys import PublicKey
from edge.mandate.places import trust_path
from edge.provision.keys import write_public
from edge.provision.places import technician_key_path
from edge.whole_file import read_bounded, write_whole

ROOMS_FOLDERS = "/usr/lib/tmpfiles.d/vigie.conf"
_MAX_PINNED_BYTES = 65_536


def open_data(machine: Machine, secret: bytes, share: bytes, *, may_remake: bool) -> Outcome:
    """Open and mount `data`, and make the rooms' folders. Raises BoardError, VigieError."""
    key = derive_data_key(secret, share)
    outcome = ensure_volume(machine, DATA, key, may_remake=may_remake)
    machine.must(["systemd-tmpfiles", "--create", str(machine.at(ROOMS_FOLDERS))])
    return outcome


def furnish(machine: Machine, device: str, trust: str, technician_key: bytes | None) -> None:
    """Name, trust and identity where the rooms look for them. Raises VigieError, OSError.

    technician_key: of the provisioning file in force; None: nobody opens the local page.
    What lies there already and says the same is left alone.
    """
    places = Places(machine)
    pole = places.pole
    wanted = [(device_path(pole), f"{device}\n"), (trust_path(pole), trust)]
    if any(read_bounded(path, _MAX_PINNED_BYTES) != text.encode() for path, text in wanted):
        pin_trust(pole, device, trust)
    _leave_key(technician_key_path(pole), technician_key)
    identity = "/var/lib/vigie/pole/identity"
    if not is_mounted(machine, identity):
        machine.at(identity).mkdir(exist_ok=True)
        machine.must(["mount", "--bind", str(places.identity), str(machine.at(identity))])


def _leave_key(path: Path, technician_key: bytes | None) -> None:
    if technician_key is None:
        path.unlink(missing_ok=True)
        return
    key = write_public(PublicKey("technician", technician_key))
    if read_bounded(path, _MAX_PINNED_BYTES) != key:
        write_whole(path, key, mode=0o644, folder_mode=None)
