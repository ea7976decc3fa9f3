"""The same recipe on 64-bit Arm: a card, an enrolled pole, an event at the control room."""

from pathlib import Path

import pytest

from tests.image.bench import HEAR, MOUNT_FILM_AND_UNITS, UNITS_ON_DISK, WORK_SECONDS, make_pole
from tests.image.conftest import CARD_BYTES, newest_image
from tests.image.desk import is_of_a_rule, open_desk
from tests.image.film import make_bench_disk

pytestmark = [pytest.mark.image, pytest.mark.image_full, pytest.mark.timeout(3600)]
DEVICE, BOARD = "arm-pole", "qemu-arm64"


def test_a_64_bit_arm_enrols_and_its_event_reaches_the_control_room(
    repository: Path, bench_folder: Path, tmp_path: Path
) -> None:
    image = newest_image(bench_folder, BOARD, "qemu-system-aarch64")
    fleet_key = bench_folder.parent / "keys" / "provision.key"
    disk = make_bench_disk(repository, tmp_path, UNITS_ON_DISK)
    with open_desk(tmp_path, repository, fleet_key) as desk:
        card = desk.write_card(DEVICE, image, tmp_path / "card.img", board=BOARD)
        card.grow(CARD_BYTES)
        pole = make_pole(card.path, tmp_path, disk, BOARD)
        with pole.boot(wants={"bench.service": MOUNT_FILM_AND_UNITS}, arguments=HEAR) as running:
            for words in ("pole_enrolled", "link_welcomed"):
                running.wait_for(words, seconds=WORK_SECONDS)
                print(f"{running.seconds():7.1f} s, {running.cpu_seconds():.0f} s of CPU: {words}")
            desk.deliver_mandate(DEVICE)
            desk.arrivals.wait_for(is_of_a_rule, "an event of a rule", seconds=WORK_SECONDS)
            print(f"{running.seconds():7.1f} s, {running.cpu_seconds():.0f} s of CPU: an event")
