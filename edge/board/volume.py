"""An encrypted partition: opened, made where there is none, checked, mounted.

| partition holds | key | with leave to make anew | without |
|---|---|---|---|
| no header that cryptsetup takes, first or second copy | - | made | made |
| a header without a key slot: its making was cut | - | made | made |
| our header | fits | opened | opened |
| our header | does not fit | made anew | refused |

What neither copy of the header describes cannot be opened by anybody any more, so making it anew
loses nothing. What a key might still open is made anew only by a signed provisioning file.
A file system beyond repair inside an open partition is made anew, and that is told; one that cannot
be checked is left alone.
"""

import json
import logging
from dataclasses import dataclass
from enum import Enum

from edge.board.machine import HUNG, MISSING, Machine
from edge.board.trouble import BoardError, Trouble
from edge.errors import Kind, VigieError

MOUNT_OPTIONS = "nosuid,nodev,noexec,noatime"
# The key is full entropy: a slow hash would protect nothing and cost each start.
_FORMAT = (
    *("luksFormat", "--batch-mode", "--type", "luks2", "--cipher", "aes-xts-plain64"),
    *("--key-size", "512", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"),
)
_NO_SUCH_KEY, _UNREPAIRED = 2, 4

_log = logging.getLogger("vigie.board")


class Outcome(Enum):
    """What became of a partition."""

    OPENED = "opened"
    MADE = "made"
    REMADE = "remade"


@dataclass(frozen=True, slots=True)
class Volume:
    """name: of the partition and of its mapping. mount: where its file system goes.

    missing, locked: how its troubles are called.
    """

    name: str
    mount: str
    missing: Trouble
    locked: Trouble

    @property
    def device(self) -> str:
        """The partition."""
        return f"/dev/disk/by-partlabel/{self.name}"

    @property
    def mapping(self) -> str:
        """The open partition."""
        return f"/dev/mapper/vigie-{self.name}"


STATE = Volume("state", "/state", Trouble.STORAGE, Trouble.STATE_LOCKED)
DATA = Volume("data", "/var/lib/vigie", Trouble.DATA_MISSING, Trouble.DATA_LOCKED)


def ensure_volume(machine: Machine, volume: Volume, key: bytes, *, may_remake: bool) -> Outcome:
    """Open, check and mount the volume; done already is fine.

    may_remake: a signed word stands behind making anew what this key does not open.
    Raises BoardError: the partition is missing or locked; VigieError: a program failed.
    """
    outcome = Outcome.OPENED
    if not machine.at(volume.mapping).exists():
        outcome = _open(machine, volume, key, may_remake=may_remake)
    if is_mounted(machine, volume.mount):
        return outcome
    if outcome is not Outcome.OPENED:
        _make_file_system(machine, volume)
    elif not _repair(machine, volume):
        _log.error("volume_beyond_repair volume=%s", volume.name)
        _make_file_system(machine, volume)
        outcome = Outcome.REMADE
    machine.at(volume.mount).mkdir(parents=True, exist_ok=True)
    machine.must(
        ["mount", "-t", "ext4", "-o", MOUNT_OPTIONS, *_paths(machine, volume.mapping, volume.mount)]
    )
    _log.info("volume_mounted volume=%s outcome=%s", volume.name, outcome.value)
    return outcome


def is_mounted(machine: Machine, mount: str) -> bool:
    """Whether something is mounted there."""
    try:
        lines = machine.at("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return False
    wanted = str(machine.at(mount))
    return any(line.split(" ")[1:2] == [wanted] for line in lines)


def _open(machine: Machine, volume: Volume, key: bytes, *, may_remake: bool) -> Outcome:
    device = str(machine.at(volume.device))
    if not machine.at(volume.device).exists():
        # Made a moment ago, perhaps: the name comes with udev.
        machine.run(["udevadm", "settle", "--timeout=10"], b"")
    if not machine.at(volume.device).exists():
        raise BoardError(
            volume.missing,
            f"there is no partition {volume.name}",
            kind=Kind.NOT_FOUND,
            hint="The card is too small, or was written only in part: flash it again.",
        )
    if not _is_finished(machine, device):
        _log.warning("volume_made volume=%s", volume.name)
        return _make(machine, volume, key, Outcome.MADE)
    opened = machine.run(_opening(volume, device), key)
    if opened.code == 0:
        return Outcome.OPENED
    if not may_remake:
        reason = "wrong key" if opened.code == _NO_SUCH_KEY else opened.text.strip()[:200]
        raise BoardError(
            volume.locked,
            f"the partition {volume.name} does not open: {reason}",
            kind=Kind.PERMISSION_DENIED,
            hint="It was made with another board or another share: put the card back into its "
            "board, or provision this one anew, which loses what the partition holds.",
        )
    _log.warning("volume_remade volume=%s", volume.name)
    return _make(machine, volume, key, Outcome.REMADE)


def _is_finished(machine: Machine, device: str) -> bool:
    """Whether a header describes the partition and has a key slot."""
    if machine.run(["cryptsetup", "isLuks", "--type", "luks2", device], b"").code != 0:
        return False
    dumped = machine.run(["cryptsetup", "luksDump", "--dump-json-metadata", device], b"")
    try:
        return bool(json.loads(dumped.text)["keyslots"]) if dumped.code == 0 else True
    except (ValueError, KeyError, TypeError):
        return True


def _make(machine: Machine, volume: Volume, key: bytes, outcome: Outcome) -> Outcome:
    device = str(machine.at(volume.device))
    label = f"vigie-{volume.name}"
    machine.must(["cryptsetup", *_FORMAT, "--label", label, "--key-file", "-", device], key)
    machine.must(_opening(volume, device), key)
    return outcome


def _opening(volume: Volume, device: str) -> list[str]:
    name = volume.mapping.rpartition("/")[2]
    return ["cryptsetup", "open", "--type", "luks2", "--key-file", "-", device, name]


def _repair(machine: Machine, volume: Volume) -> bool:
    """Check and repair, from a spare superblock if it must be; False: there is none to repair.

    Raises VigieError where it cannot be checked: that is no reason to make it anew.
    """
    mapping = str(machine.at(volume.mapping))
    for words in (["-p"], ["-f", "-y"]):
        checked = machine.run(["e2fsck", *words, mapping], b"")
        if checked.code in {MISSING, HUNG}:
            raise VigieError(Kind.UNAVAILABLE, checked.text, hint="Flash the card again.")
        if checked.code < _UNREPAIRED:
            if checked.code:
                _log.warning("volume_repaired volume=%s", volume.name)
            return True
    return False


def _make_file_system(machine: Machine, volume: Volume) -> None:
    label = f"vigie-{volume.name}"
    mapping = str(machine.at(volume.mapping))
    machine.must(["mkfs.ext4", "-q", "-F", "-m", "1", "-L", label, mapping])


def _paths(machine: Machine, *paths: str) -> list[str]:
    return [str(machine.at(path)) for path in paths]
