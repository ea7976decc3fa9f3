"""What the pole of `test_pole.py` withstands at the end of its life: hangs, a lost clock, a thief.

The tests are chapters: each begins where the one before ended, in the order of this file.
"""

import time
from dataclasses import replace

import pytest

from edge.demo.process import run_command
from tests.image.bench import WORK_SECONDS, switch_on
from tests.image.card import SECTOR_BYTES
from tests.image.conftest import DEVICE
from tests.image.desk import Desk, is_of_a_rule
from tests.image.life import Life
from tests.image.shell import Shell
from tests.system.forbidden import ROOMS

pytestmark = [pytest.mark.image, pytest.mark.image_full, pytest.mark.timeout(3600)]
# RTC of a board whose battery is empty.
IN_1970 = ("-rtc", "base=1970-01-01T00:00:00")
# A machine that reaches nobody: not this host, nor anybody behind it.
ALONE = "user,id=net0,restrict=on"
STRETCH_SECONDS = 300
DAY_SECONDS = 86_400


def measure(shell: Shell) -> tuple[float, float]:
    """Share of the processors that is busy, and GB a day that the card takes, at this pace."""
    look = "sed -n 's/^cpu  *//p' /proc/stat; awk '$3 == \"vda\" {print $10}' /proc/diskstats"
    told = shell.run(f"{look}; sleep {STRETCH_SECONDS}; {look}", seconds=2 * STRETCH_SECONDS)
    first, sectors, second, more = told.splitlines()
    spent = [int(b) - int(a) for a, b in zip(first.split(), second.split(), strict=True)]
    idle, waiting = spent[3], spent[4]
    busy = 1 - (idle + waiting) / sum(spent[:8])
    written = (int(more) - int(sectors)) * SECTOR_BYTES
    return busy, written * DAY_SECONDS / STRETCH_SECONDS / 1e9


def test_what_a_day_costs_is_told(life: Life) -> None:
    at_work = life.hear("link_welcomed")
    at_work.shell.run("systemctl start vigie-eye vigie-vault")
    at_work.note("it watches")
    for what, command in (
        ("one camera with people", "true"),
        ("nothing to look at", "systemctl stop vigie-eye"),
    ):
        at_work.shell.run(command)
        busy, gigabytes = measure(at_work.shell)
        print(f"{what}: {busy:.1%} of its processors, {gigabytes:.2f} GB a day")
    shown = "MemoryPeak"
    for unit in ("eye", "vault", "link"):
        print(f"vigie-{unit}: {at_work.shell.run(f'systemctl show -p {shown} vigie-{unit}')}")
    print(at_work.shell.run("grep -E 'MemTotal|MemAvailable' /proc/meminfo"))
    at_work.shell.run("systemctl start vigie-eye")


def test_an_eye_that_hangs_is_replaced_and_reported(desk: Desk, life: Life) -> None:
    at_work = life.hear("link_welcomed")
    before = at_work.pid("eye")
    at_work.shell.run(f"kill -STOP {before}")
    at_work.note("the eye is stopped")
    at_work.running.wait_for(r"vigie-eye.service: Watchdog timeout")
    at_work.note("systemd noticed")
    desk.arrivals.wait_for(
        lambda event: event.get("reason") == "eye_no_progress", "the report", seconds=WORK_SECONDS
    )
    at_work.note("the control room knows")
    assert at_work.pid("eye") != before


def test_a_kernel_that_hangs_is_reset_by_the_watchdog_and_the_next_start_reports_it(
    desk: Desk, life: Life
) -> None:
    at_work, pole = life.now, life.pole
    # A panic that never ends: nothing but the hardware's watchdog brings it back.
    at_work.shell.run("echo 0 > /proc/sys/kernel/panic; sync")
    at_work.note("the kernel hangs now")
    at_work.shell.leave("echo c > /proc/sysrq-trigger")
    at_work.running.wait_for("Kernel panic")
    panicked = at_work.running.seconds()
    at_work.running.wait_for_end(seconds=180)
    print(f"the watchdog reset it after {at_work.running.seconds() - panicked:.0f} s")
    life.switch_off()
    off_ms = time.time() * 1000
    with switch_on(pole, extra=IN_1970) as again:
        # The same start proves that a clock of 1970 is set by the collector's word.
        again.running.wait_for("clock_set")
        again.note("the clock is set")
        desk.arrivals.wait_for(
            lambda event: event.get("reason") == "pole_killed", "the report", seconds=WORK_SECONDS
        )
        again.note("the control room knows of the reset")
        desk.arrivals.wait_for(
            lambda event: is_of_a_rule(event, off_ms), "a new event", seconds=WORK_SECONDS
        )
        again.note("an event of this start is at the collector")
        assert int(again.shell.run("date +%Y")) > 2000


def test_in_1970_and_alone_nothing_is_detected_and_the_reason_is_told(life: Life) -> None:
    pole = life.pole
    with switch_on(pole, network=ALONE, extra=IN_1970) as on:
        on.running.wait_for("pole_waits reason=no_network", seconds=WORK_SECONDS)
        on.note("it waits for the network, and says so")
        on.shell.run("sync")
        for room in ROOMS:
            assert on.shell.attempt(f"systemctl is-active vigie-{room}")[1] == "inactive"
        assert on.shell.attempt("findmnt /var/lib/vigie")[0] != 0, "data is open without its share"
    assert b"no_network" in (pole.card.read_file("sel", "vigie/report.txt") or b"")


def test_the_card_in_another_board_opens_nothing(life: Life) -> None:
    pole = life.pole
    stolen = replace(pole, board_secret=b"another board's secret, 32 bytes")
    with switch_on(stolen) as on:
        on.running.wait_for("pole_waits reason=state_locked", seconds=WORK_SECONDS)
        on.note("state stays shut")
        assert on.shell.attempt("findmnt /state")[0] != 0
        assert on.shell.attempt("findmnt /var/lib/vigie")[0] != 0


def test_a_revoked_pole_with_its_own_board_opens_no_data(desk: Desk, life: Life) -> None:
    pole = life.pole
    data = ["--data", str(desk.room.data)]
    run_command(["device", "revoke", DEVICE, "--reason", "stolen", "--yes", "--json", *data])
    with switch_on(pole) as on:
        on.running.wait_for("pole_waits reason=refused", seconds=WORK_SECONDS)
        on.note("the collector releases no share")
        assert on.shell.attempt("findmnt /var/lib/vigie")[0] != 0
