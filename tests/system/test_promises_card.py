"""P20: what somebody reads who takes the card out of a pole, exactly, and what they do not.

Until an image encrypts the partition under the board's own secret the keys lie beside the ring, and
the first test says what that costs; it fails as soon as less, or more, can be read. What holds
today holds for a card in anybody's hands: video of days whose key was destroyed, clips that wait
to be sent, and nothing of a picture anywhere but under a seal.
"""

import base64
import io
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.errors import Kind, VigieError
from edge.evidence.sealed import Sealer, open_sealed
from edge.vault.cut import cut_clip
from edge.vault.keys import DayKeys
from edge.vault.places import VaultPlaces, day_of
from edge.vault.reader import RingReader
from edge.wire import clip_talk as said
from tests.fakes.evidence import Reader, make_reader
from tests.fakes.mandates import CAMERA, CITY
from tests.system.living_pole import LivingPole
from tests.system.marker import (
    find_in_planes,
    find_looks,
    make_looks,
    read_packets,
    write_marked_film,
)
from tests.system.test_promises_masks import SITE

LOOKS = make_looks()
RULE = "marked-rule-zq7"
CLIP = "clip-1"
NEEDLE_BYTES = 40


@dataclass
class Card:
    """A card as a thief holds it. packets: what the camera sent; reader: whose key is elsewhere."""

    folder: Path
    packets: list[bytes]
    reader: Reader

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def places(self) -> VaultPlaces:
        return VaultPlaces(self.data)

    @property
    def day_keys(self) -> list[Path]:
        return sorted(self.places.keys.rglob("*.key"))

    def image(self) -> bytes:
        """Every byte of every file, one after the other."""
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as tar:
            tar.add(self.data, "data", filter=lambda each: each if not each.isdev() else None)
        return target.getvalue()

    def open_ring(self) -> set[str]:
        """Cut all that the ring's own keys open, and look for the marker."""
        with RingReader(self.places) as ring:
            footage, mine = ring.footage(CAMERA), make_reader()
            sealed = io.BytesIO()
            sealer = Sealer(sealed, "all", {mine.keyid: mine.raw})
            cut_clip(footage, footage.list_headers(0, 2**62), sealer)
        sealed.seek(0)
        return find_in_planes(io.BytesIO(b"".join(open_sealed(sealed, mine.private))), LOOKS)

    def open_clip(self, private: X25519PrivateKey) -> bytes:
        sealed = said.sealed_path(self.data, CLIP).read_bytes()
        return b"".join(open_sealed(io.BytesIO(sealed), private))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Card]:
    """A pole that recorded, saw and cut a clip, and was then switched off."""
    folder = tmp_path_factory.mktemp("pole")
    film = write_marked_film(folder / "marked.mp4")
    site = SITE.format(recording="").replace("nobody-in-the-yard", RULE)
    with LivingPole(folder, site, repository / ".cache" / "models") as pole:
        pole.wait_until(lambda: pole.count_analysed() > 5, "frames are analysed")
        pole.wait_until(lambda: pole.read_span()[1] - pole.read_span()[0] > 3_000, "video is there")
        first_ms, last_ms = pole.read_span()
        ready = pole.ask_clip(CLIP, from_utc_ms=first_ms + 200, to_utc_ms=last_ms - 200)
        assert isinstance(ready, said.Ready)
        pole.end()
        yield Card(folder, read_packets(film), pole.reader)


@pytest.fixture
def card(taken: Card, tmp_path: Path) -> Card:
    """A copy that a test may change, as a thief may."""
    with tarfile.open(fileobj=io.BytesIO(taken.image())) as tar:
        tar.extractall(tmp_path, filter="data")
    return Card(tmp_path, taken.packets, taken.reader)


def is_in(secret: bytes, image: bytes) -> bool:
    """As it is, in hexadecimal or in base64."""
    forms = (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")[:-1])
    return any(form in image for form in forms)


def test_what_a_thief_reads_on_a_card_today(card: Card) -> None:
    image = card.image()
    evidence = (card.places.vault / "evidence.pem").read_bytes()
    marks = {
        "the rule's name": RULE.encode() in image,
        "who signed the mandate": CITY.encode() in image,
        "the day's key": all(is_in(path.read_bytes(), image) for path in card.day_keys),
        "the evidence key": evidence in image,
        "a picture": bool(find_looks(image, LOOKS)),
    }
    assert {mark for mark, is_read in marks.items() if is_read} == {
        "the rule's name", "who signed the mandate", "the day's key", "the evidence key",
    }  # fmt: skip
    assert "luma" in card.open_ring(), "the keys beside the ring open it"


def test_no_video_lies_on_the_card_but_under_a_seal(card: Card) -> None:
    image = card.image()
    stretches = [packet[len(packet) // 2 :][:NEEDLE_BYTES] for packet in card.packets]
    assert len(stretches) == 100
    assert not [each for each in stretches if each in image]
    assert find_looks(image, LOOKS) == set()
    assert b"ftypisom" not in image
    opened = card.open_clip(card.reader.private)
    assert [each for each in stretches if each in opened], "the search would have found it"


def test_a_day_whose_key_was_destroyed_opens_for_nobody(card: Card) -> None:
    today = day_of(time.time_ns())
    keys = [path.read_bytes() for path in card.day_keys]
    for day in (today - 1, today):
        DayKeys(card.places).destroy(CAMERA, day)
    said.sealed_path(card.data, CLIP).unlink()
    image = card.image()
    assert keys
    assert not [key for key in keys if is_in(key, image)]
    with RingReader(card.places) as ring:
        footage = ring.footage(CAMERA)
        headers = footage.list_headers(0, 2**62)
        assert headers
        for header in headers:
            with pytest.raises(VigieError, match="is destroyed") as refused:
                footage.open_fragment(header)
            assert refused.value.kind is Kind.NOT_FOUND


def test_a_key_of_another_day_opens_nothing(card: Card) -> None:
    for path in card.day_keys:
        path.write_bytes(bytes(reversed(path.read_bytes())))
    with pytest.raises(VigieError) as refused:
        card.open_ring()
    assert refused.value.kind is Kind.DATA_LOSS


def test_a_clip_that_waits_opens_with_the_readers_key_and_with_none_on_the_card(card: Card) -> None:
    assert "luma" in find_in_planes(io.BytesIO(card.open_clip(card.reader.private)), LOOKS)
    assert not is_in(card.reader.private.private_bytes_raw(), card.image())
    secrets = [path.read_bytes() for path in card.day_keys]
    secrets.append(make_reader().private.private_bytes_raw())
    for secret in secrets:
        with pytest.raises(VigieError):
            card.open_clip(X25519PrivateKey.from_private_bytes(secret))
