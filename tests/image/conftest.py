"""What the machines of these tests start from: a bench's image that `make image-test` has built.

One pole lives through `test_pole.py`, `test_pole_update.py` and `test_pole_withstands.py`, in this
order; each start of a machine that a test can do without is a minute less.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.bench import make_pole
from tests.image.bundles import Bundler
from tests.image.card import Card, copy_card
from tests.image.desk import Desk, open_desk
from tests.image.film import make_bench_disk
from tests.image.life import Life
from tests.image.machine import Machine

DEVICE = "bench-pole"

# A card as a technician would buy it is larger than the image.
CARD_BYTES = 4 << 30
LEAST_FREE_BYTES = 5 << 30


def newest_image(bench_folder: Path, board: str, emulator: str) -> Path:
    """Of this board. Who asked for these tests (--image) is told what lacks; none is skipped."""
    images = sorted(bench_folder.glob(f"{board}/*.img"), key=lambda path: path.stat().st_mtime)
    if not images:
        pytest.fail(f"no bench image: make image BOARD={board} CONSOLE=1", pytrace=False)
    if shutil.which(emulator) is None:
        pytest.fail(f"{emulator} is not on this machine: tools/debian image", pytrace=False)
    return images[-1]


@pytest.fixture(scope="session")
def bench_folder(repository: Path) -> Path:
    """Where bench images stand, one folder for each board."""
    return repository / ".cache" / "image" / "bench"


@pytest.fixture(scope="session")
def bench_image(bench_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest bench image of qemu-amd64: it talks on the serial line."""
    folder = tmp_path_factory.getbasetemp()
    if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        # A machine whose disk is full stands still and says nothing.
        room = f"{LEAST_FREE_BYTES >> 30} GiB free in {folder}"
        pytest.fail(f"cards and bundles need {room}, or elsewhere: --basetemp", pytrace=False)
    return newest_image(bench_folder, "qemu-amd64", "qemu-system-x86_64")


@pytest.fixture
def card(bench_image: Path, tmp_path: Path) -> Card:
    """A freshly flashed card."""
    return copy_card(bench_image, tmp_path / "card.img", size_bytes=CARD_BYTES)


@pytest.fixture
def machine(card: Card, tmp_path: Path) -> Machine:
    """A pole with that card, off."""
    return Machine(card, tmp_path)


@pytest.fixture(scope="session")
def desk(
    repository: Path, bench_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A collector on this machine."""
    fleet_key = bench_folder.parent / "keys" / "provision.key"
    with open_desk(tmp_path_factory.mktemp("desk"), repository, fleet_key) as made:
        yield made


@pytest.fixture(scope="session")
def bench_disk(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film that virtual cameras see."""
    return make_bench_disk(repository, tmp_path_factory.mktemp("disk"))


@pytest.fixture(scope="session")
def life(
    desk: Desk, bench_image: Path, bench_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    """A pole as it leaves the technician's hands: its card written, never switched on."""
    folder = tmp_path_factory.mktemp("pole")
    card = desk.write_card(DEVICE, bench_image, folder / "card.img")
    card.grow(CARD_BYTES)
    lived = Life(make_pole(card.path, folder, bench_disk))
    yield lived
    lived.switch_off()


@pytest.fixture(scope="session")
def bundler(
    bench_folder: Path, bench_image: Path, tmp_path_factory: pytest.TempPathFactory
) -> Bundler:
    """Signed bundles of the fleet."""
    return Bundler(bench_folder.parent, bench_image, tmp_path_factory.mktemp("bundles"))
