"""Where the vault's files lie: one place for every name that others may need.

DATA/doors/ring/             packets.sock: capture children bring packets here
DATA/doors/clips/            clips.sock: the link's; ring.json: what the ring holds, for its status
DATA/vault/                  the vault's own, closed to everybody else
    lock                     held while a vault runs
    ring.db                  the index
    ring.db.suspect          somebody met damage in it: the next start looks through all of it
    keys/CAMERA/DAY.key      one key per camera and UTC day
    ring/ring.id             the directory's id, also in ring.db and in each segment
    ring/CAMERA/DAY-NUMBER.seg
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from edge.wire.packets import packet_socket

DAY_NS = 86_400 * 1_000_000_000
_EPOCH = date(1970, 1, 1)
# Camera names become folders; the site file allows no others.
_SEGMENT = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d{8})\.seg")
_KEY = re.compile(r"(\d{4}-\d{2}-\d{2})\.key")


def day_of(utc_ns: int) -> int:
    """Days since 1970-01-01 UTC."""
    return utc_ns // DAY_NS


def day_text(day: int) -> str:
    """`2026-11-21`."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def parse_day(text: str) -> int | None:
    """The other way; None: no such day."""
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        return None


def moment_text(utc_ns: int) -> str:
    """`2026-11-21T07:15:57.123Z`."""
    moment = datetime.fromtimestamp(utc_ns // 1_000_000 / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def suspect_path(index: Path) -> Path:
    """Where it is noted that somebody met damage in an index."""
    return index.with_name(f"{index.name}.suspect")


@dataclass(frozen=True, slots=True)
class VaultPlaces:
    """All paths below one data directory."""

    data: Path

    @property
    def socket(self) -> Path:
        """Where packets arrive."""
        return packet_socket(self.data)

    @property
    def vault(self) -> Path:
        """The vault's own folder."""
        return self.data / "vault"

    @property
    def lock(self) -> Path:
        """Held while a vault runs."""
        return self.vault / "lock"

    @property
    def index(self) -> Path:
        """The database."""
        return self.vault / "ring.db"

    @property
    def suspect(self) -> Path:
        """Lies beside the database once somebody has met damage in it."""
        return suspect_path(self.index)

    @property
    def keys(self) -> Path:
        """Keys, a folder a camera."""
        return self.vault / "keys"

    @property
    def ring(self) -> Path:
        """Segments, a folder a camera."""
        return self.vault / "ring"

    @property
    def ring_id(self) -> Path:
        """The directory's id."""
        return self.ring / "ring.id"

    def segment(self, camera: str, day: int, number: int) -> Path:
        """One segment file."""
        return self.ring / camera / f"{day_text(day)}-{number:08d}.seg"

    def key(self, camera: str, day: int) -> Path:
        """One key file."""
        return self.keys / camera / f"{day_text(day)}.key"


def parse_segment_name(name: str) -> tuple[int, int] | None:
    """Day and number of a segment's file name; None: it is not one."""
    found = _SEGMENT.fullmatch(name)
    day = parse_day(found[1]) if found else None
    return None if found is None or day is None else (day, int(found[2]))


def parse_key_name(name: str) -> int | None:
    """Day of a key's file name; None: it is not one."""
    found = _KEY.fullmatch(name)
    return parse_day(found[1]) if found else None
