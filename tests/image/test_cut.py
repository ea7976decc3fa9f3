"""The model of a power cut itself, on a card of a few sectors and a log written by hand."""

import struct
from pathlib import Path

from tests.image.card import SECTOR_BYTES, Card
from tests.image.power import CutPower, Loss

FLUSH, DISCARD = 1, 4


def cut(folder: Path, entries: list[bytes], seed: int, tail: bytes = b"") -> tuple[bytes, Loss]:
    """The card of 16 sectors of dots after these requests and a cut."""
    card = Card(folder / "card.img")
    card.path.write_bytes(b"." * 16 * SECTOR_BYTES)
    power = CutPower.prepare(card, folder)
    head = struct.pack("<QQQI", 0x6A736677736872, 1, 0, SECTOR_BYTES)
    power.log.write_bytes(head.ljust(SECTOR_BYTES, b"\0") + b"".join(entries) + tail)
    loss = power.lose(seed)
    return card.path.read_bytes(), loss


def entry(sector: int, content: bytes, flags: int = 0, sectors: int = 0) -> bytes:
    count = sectors or len(content) // SECTOR_BYTES
    return struct.pack("<QQQQ", sector, count, flags, 0).ljust(SECTOR_BYTES, b"\0") + content


def letters(card: bytes) -> str:
    """A letter for each sector; none is half another's."""
    sectors = [card[at : at + SECTOR_BYTES] for at in range(0, len(card), SECTOR_BYTES)]
    assert all(len(set(each)) == 1 for each in sectors)
    return "".join(chr(each[0]) for each in sectors)


def block(letter: str, sectors: int) -> bytes:
    return letter.encode() * sectors * SECTOR_BYTES


def test_what_was_flushed_stays_and_the_later_write_wins(tmp_path: Path) -> None:
    entries = [entry(0, block("a", 4)), entry(2, block("b", 1)), entry(0, b"", FLUSH)]
    for seed in range(20):
        card, loss = cut(tmp_path, entries, seed)
        assert letters(card) == "aaba............"
        assert loss == Loss(writes=2, unflushed=0, lost=0, torn=0)


def test_what_was_not_flushed_is_there_or_half_there_or_not(tmp_path: Path) -> None:
    entries = [entry(0, block("a", 4)), entry(0, b"", FLUSH), entry(0, block("b", 4))]
    found = {letters(cut(tmp_path, entries, seed)[0])[:4] for seed in range(60)}
    assert found == {"aaaa", "baaa", "bbaa", "bbba", "bbbb"}


def test_a_later_write_may_stay_where_an_earlier_one_is_lost(tmp_path: Path) -> None:
    entries = [entry(0, block("a", 1)), entry(1, block("b", 1))]
    found = {letters(cut(tmp_path, entries, seed)[0])[:2] for seed in range(40)}
    assert found == {"..", "a.", ".b", "ab"}


def test_the_same_seed_loses_the_same(tmp_path: Path) -> None:
    entries = [entry(at, block("x", 2)) for at in range(0, 16, 2)]
    assert cut(tmp_path, entries, 7) == cut(tmp_path, entries, 7)


def test_a_request_that_the_log_has_by_halves_never_was(tmp_path: Path) -> None:
    whole = [entry(0, block("a", 1)), entry(0, b"", FLUSH), entry(8, b"", DISCARD, sectors=4)]
    unfinished = entry(4, block("z", 4))[: 2 * SECTOR_BYTES]
    card, loss = cut(tmp_path, whole, 1, tail=unfinished)
    assert letters(card) == "a..............."
    assert loss.unflushed == 0


def test_a_machine_that_wrote_nothing_leaves_the_card_as_it_was(tmp_path: Path) -> None:
    card, loss = cut(tmp_path, [], 1)
    assert letters(card) == "." * 16
    assert loss.writes == 0
