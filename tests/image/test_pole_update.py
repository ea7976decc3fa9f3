"""The pole of `test_pole.py` is updated over its own link, and comes back from what does not work.

The tests are chapters: each begins where the one before ended, in the order of this file. Version
0.1.0 is on the card; 0.1.2 works and stays; 0.1.3 to 0.1.6 each fail in a way of their own, and
whatever happens the collector has every event that the pole accepted, once and in order.
"""

import json
import time

import pytest

from tests.image.bench import TRIAL_SECONDS, WORK_SECONDS
from tests.image.bundles import Bundle, Bundler
from tests.image.conftest import DEVICE
from tests.image.desk import Desk, is_of_a_rule
from tests.image.life import Life

pytestmark = [pytest.mark.image, pytest.mark.timeout(7200)]
GOOD = "0.1.2"
# Writing a slot takes twice as long and more; `test_power.py` cuts it anywhere.
INSTALL_SECONDS = 15.0
INSTALL_CUT, SECOND_INSTALL_CUT = 6, 7
# Enough for a slot that does not work, once its rooms run.
SHORT_TRIAL_SECONDS = 300
DATA = "--data /var/lib/vigie/pole"


def bring(desk: Desk, life: Life, bundle: Bundle) -> int:
    """Push a bundle; it is on the pole when this returns. The rollout's number."""
    life.hear("link_welcomed")
    said = f"update_fetched version={bundle.version}"
    number = desk.push(bundle.path, DEVICE)
    life.now.note(f"{bundle.version} ({bundle.what}) is pushed: {bundle.path.stat().st_size} bytes")
    life.hear(said).note("it is fetched")
    return number


def comes_back(desk: Desk, life: Life, number: int, reason: str) -> None:
    """The pole returns to the slot it had, says why, and works."""
    kept = life.now.running.choice.slot

    def is_back() -> bool:
        # A slot whose link works tells that it is given up before it restarts.
        told = desk.ask_rollout(number)[0] == "returned"
        return told and life.now.running.choice.slot == kept

    life.go_on_until(is_back, "the pole is back")
    life.now.note(f"it is back: {desk.ask_rollout(number)[1]}")
    assert desk.ask_rollout(number) == ("returned", reason)
    assert life.now.shell.run("sed -n s/^VIGIE_VERSION=//p /usr/share/vigie/board.env") == GOOD
    back_ms = time.time() * 1000
    desk.arrivals.wait_for(
        lambda event: is_of_a_rule(event, back_ms), "an event", seconds=WORK_SECONDS
    )
    life.now.note("an event of it is at the collector")


def test_an_update_whose_installation_the_power_cut_is_installed_tried_and_kept(
    desk: Desk, life: Life, bundler: Bundler
) -> None:
    bundle = bundler.make_good(GOOD)
    desk.deliver_mandate(DEVICE)
    number = bring(desk, life, bundle)
    assert life.now.running.choice.slot == "A"
    life.hear(f"version={GOOD} phase=installing").note("it is being installed")
    life.lose_power_within(INSTALL_CUT, INSTALL_SECONDS)
    life.go_on_until(lambda: desk.ask_rollout(number)[0] == "committed", "the update is kept")
    life.now.note("it is kept")
    assert life.now.running.choice.slot == "B"
    assert life.now.shell.run("sed -n s/^VIGIE_VERSION=//p /usr/share/vigie/board.env") == GOOD
    assert b"[all]\ntryboot_a_b=1\nboot_partition=3\n" in (
        life.pole.card.read_file("sel", "autoboot.txt") or b""
    )


def test_an_update_with_a_corrupt_root_comes_back(desk: Desk, life: Life, bundler: Bundler) -> None:
    """And the power goes while it is installed."""
    number = bring(desk, life, bundler.make_corrupt_root("0.1.5"))
    life.hear("version=0.1.5 phase=installing").note("it is being installed")
    life.lose_power_within(SECOND_INSTALL_CUT, INSTALL_SECONDS)
    comes_back(desk, life, number, "slot_failed")


@pytest.mark.image_full
def test_an_update_with_a_broken_application_comes_back(
    desk: Desk, life: Life, bundler: Bundler
) -> None:
    """Not one program of Vigie starts, the one that would judge the slot neither."""
    number = bring(desk, life, bundler.make_broken_application("0.1.3"))
    life.trial_seconds = SHORT_TRIAL_SECONDS
    comes_back(desk, life, number, "slot_failed")


@pytest.mark.image_full
def test_an_update_with_a_broken_kernel_line_comes_back(
    desk: Desk, life: Life, bundler: Bundler
) -> None:
    number = bring(desk, life, bundler.make_broken_kernel_line("0.1.4"))
    comes_back(desk, life, number, "slot_failed")


@pytest.mark.image_full
def test_an_update_that_never_analyses_a_frame_comes_back(
    desk: Desk, life: Life, bundler: Bundler
) -> None:
    number = bring(desk, life, bundler.make_blind("0.1.6"))
    life.trial_seconds = SHORT_TRIAL_SECONDS
    comes_back(desk, life, number, "no_progress")
    life.trial_seconds = TRIAL_SECONDS


def test_the_collector_has_every_event_that_the_pole_accepted_once_and_in_order(
    desk: Desk, life: Life
) -> None:
    """Through every restart, roll-back and cut of this pole's life."""
    shell = life.hear("link_welcomed").shell
    shell.run("systemctl stop vigie-eye vigie-vault")
    life.now.note("nothing more is told")
    held = json.loads(shell.run(f"/opt/vigie/bin/vigie spool verify {DATA} --json"))
    while held["acked_seq"] < held["last_seq"]:
        held = json.loads(shell.run(f"/opt/vigie/bin/vigie spool verify {DATA} --json"))
    epoch, last = held["epoch"], held["last_seq"]
    assert (held["is_whole"], held["dropped_events"], held["missing_events"]) == (True, 0, 0)
    desk.arrivals.wait_for(
        lambda event: (event["epoch"], event["seq"]) == (epoch, last), "the last", seconds=60
    )
    stored = [event for event in desk.arrivals.all if event["device"] == DEVICE]
    print(f"{last} events accepted in {len(life.slots)} starts, {len(stored)} at the collector")
    assert [(event["epoch"], event["seq"]) for event in stored] == [
        (epoch, seq) for seq in range(1, last + 1)
    ]
