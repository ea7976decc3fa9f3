"""A power cut as a card feels it, which a killed emulator alone is not.

A QEMU process that is killed takes the guest's memory with it: whatever programs, file systems and
the kernel had not written yet is gone, as it is when the power goes. But all that the guest's disk
had taken stays, in order, because it lies in this machine's memory. A real card promises less: what
it took since the last flush may be there, half there, or not there, in any order.

So the writes of a boot that is cut are logged by QEMU (its driver blklogwrites, in the format of
the kernel's dm-log-writes), and the card is made anew from how it was before the boot: everything
up to the last flush, and of what came later each write whole, torn at a sector, or not at all, as
a seed decides.

Not modelled: a card that lies about a flush, that damages sectors next to those it was writing, or
that writes a sector of 512 bytes by halves. `autoboot.txt` rests on the last.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.image.card import SECTOR_BYTES, Card

_MAGIC = 0x6A736677736872
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_FLUSH, _DISCARD = 1, 4
# Of writes that no flush followed: one in two is whole, the others are lost or torn.
_WHOLE, _TORN = 0.5, 0.25


@dataclass(frozen=True, slots=True)
class Write:
    """One request. start: byte of the card; content: place in the log, and bytes; 0 at a flush."""

    start: int
    content: int
    size: int
    is_flush: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """What a cut did. writes: of the boot, in all; unflushed: since the last flush."""

    writes: int
    unflushed: int
    lost: int
    torn: int

    def __str__(self) -> str:
        return (
            f"{self.writes} writes, {self.unflushed} of them behind the last flush: "
            f"{self.lost} lost, {self.torn} torn"
        )


@dataclass(frozen=True, slots=True)
class CutPower:
    """One boot that will be cut. Make it before the machine is on, `lose` when it is off."""

    card: Card
    before: Path
    log: Path

    @classmethod
    def prepare(cls, card: Card, folder: Path) -> "CutPower":
        """Keep the card as it is, and a log for what comes."""
        before, log = folder / "before.img", folder / "writes.log"
        card.copy_to(before)
        log.write_bytes(b"")
        return cls(card, before, log)

    def blockdev(self, node: str) -> list[str]:
        """QEMU's words for the card whose writes are logged, as the node of this name."""
        nodes = (
            f"driver=file,node-name={node}-file,filename={self.card.path},cache.no-flush=on",
            f"driver=file,node-name={node}-writes,filename={self.log},cache.no-flush=on",
            f"driver=blklogwrites,node-name={node},file={node}-file,log={node}-writes",
        )
        return [word for each in nodes for word in ("-blockdev", each)]

    def lose(self, seed: int) -> Loss:
        """The card as a cut at this moment leaves it."""
        writes = list(read_log(self.log))
        last_flush = max((at for at, each in enumerate(writes) if each.is_flush), default=-1)
        chance = random.Random(seed)
        lost = torn = 0
        with self.log.open("rb") as log, self.before.open("r+b") as card:
            for at, each in enumerate(writes):
                size = each.size
                if at > last_flush and (drawn := chance.random()) >= _WHOLE:
                    sectors = size // SECTOR_BYTES
                    is_torn = drawn < _WHOLE + _TORN and sectors > 1
                    size = chance.randrange(1, sectors) * SECTOR_BYTES if is_torn else 0
                    torn, lost = torn + is_torn, lost + (not is_torn)
                if size:
                    log.seek(each.content)
                    card.seek(each.start)
                    card.write(log.read(size))
        self.before.replace(self.card.path)
        self.log.unlink()
        count = sum(not each.is_flush for each in writes)
        return Loss(count, len(writes) - 1 - last_flush, lost, torn)


def read_log(path: Path) -> Iterator[Write]:
    """Every request in the order in which the card took it; a flush is one, too.

    The last may be cut off: the emulator was killed while it wrote the log, and the guest was
    never told that the card had it.
    """
    size = path.stat().st_size
    with path.open("rb") as log:
        head = log.read(_SUPER.size)
        if len(head) < _SUPER.size:
            return
        magic, _, _, sector = _SUPER.unpack(head)
        assert magic == _MAGIC, f"{path} is no log of writes"
        at = sector
        while at + sector <= size:
            log.seek(at)
            first, count, flags, _ = _ENTRY.unpack(log.read(_ENTRY.size))
            is_flush = bool(flags & _FLUSH)
            if not is_flush and not count:
                # A hole: requests that were under way. Nothing may stand behind it but those.
                return
            length = 0 if flags & _DISCARD else count * sector
            content = at + sector
            if content + length > size:
                return
            at = content + length
            if count and not flags & _DISCARD:
                yield Write(first * sector, content, length, is_flush=False)
            if is_flush:
                yield Write(0, 0, 0, is_flush=True)
