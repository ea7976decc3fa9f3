"""The power goes at random moments of first starts and of installations: no pole is lost.

After each cut the pole starts a signed slot (there is no other: the initramfs opens none that does
not match its hash) and is welcomed by the collector. `power.py` says what a cut is here. 30 cuts
run with `--image-full`, 200 with `--soak` as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.image.bench import make_pole
from tests.image.bundles import Bundle, Bundler
from tests.image.conftest import CARD_BYTES
from tests.image.desk import Desk
from tests.image.life import Life

pytestmark = [pytest.mark.image, pytest.mark.image_full, pytest.mark.timeout(3600)]
FULL_CUTS, SOAK_CUTS = 15, 100
SEEDS = [
    pytest.param(seed, marks=[pytest.mark.soak] if seed >= FULL_CUTS else [])
    for seed in range(SOAK_CUTS)
]
# From power-on until a fresh pole is enrolled, and a little more.
FIRST_START_SECONDS = 75.0
# From the first write of a slot until well into the start that tries it.
INSTALL_SECONDS = 90.0
DEVICE = "cut-pole"
# Of a rollout's pole, as the collector knows them.
AT_IT, ENDS = {"installing", "trying"}, {"committed", "returned", "refused"}


def reports(life: Life, most_starts: int = 1) -> None:
    """The pole comes back, and the collector knows it. most_starts: the first and its own."""
    before = len(life.slots)
    at_work = life.hear("link_welcomed")
    at_work.note(f"slot {at_work.running.choice.slot}, and the collector knows it")
    assert len(life.slots) - before <= most_starts


@pytest.mark.parametrize("seed", SEEDS)
def test_the_power_goes_during_a_first_start(
    desk: Desk, bench_image: Path, bench_disk: Path, tmp_path: Path, seed: int
) -> None:
    card = desk.write_card(f"fresh-{seed}", bench_image, tmp_path / "card.img")
    card.grow(CARD_BYTES)
    life = Life(make_pole(card.path, tmp_path, bench_disk))
    life.switch_on()
    life.lose_power_within(seed, FIRST_START_SECONDS)
    reports(life)
    life.switch_off()
    card.path.unlink()


@dataclass(slots=True)
class Updating:
    """A pole that is updated again and again. rollout: the last one's number."""

    desk: Desk
    life: Life
    bundle: Bundle
    rollout: int = 0

    def install(self) -> None:
        """Until the pole is at it: with what the last cut left, or with the same version anew."""

        def is_at_it() -> bool:
            state = self.desk.ask_rollout(self.rollout)[0] if self.rollout else ""
            if state in {"", *ENDS}:
                self.rollout = self.desk.push(self.bundle.path, DEVICE)
            return state in AT_IT

        self.life.go_on_until(is_at_it, "it is being installed").note("it is being installed")


@pytest.fixture(scope="module")
def updating(
    desk: Desk,
    bench_image: Path,
    bench_disk: Path,
    bundler: Bundler,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Updating]:
    """A pole at work, and a bundle for it."""
    bundle = bundler.make_good("0.2.0")
    folder = tmp_path_factory.mktemp("updating")
    card = desk.write_card(DEVICE, bench_image, folder / "card.img")
    card.grow(CARD_BYTES)
    life = Life(make_pole(card.path, folder, bench_disk))
    life.hear("link_welcomed")
    yield Updating(desk, life, bundle)
    life.switch_off()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_power_goes_during_an_installation(updating: Updating, seed: int) -> None:
    updating.install()
    updating.life.lose_power_within(seed, INSTALL_SECONDS)
    # A slot that is whole may be tried at once: then the pole starts once more by itself.
    reports(updating.life, most_starts=2)
