"""What the board's light says to who stands below the pole: one table, seven patterns."""

from enum import Enum
from typing import NamedTuple

from edge.board.machine import Machine
from edge.board.trouble import Trouble

LEDS = "/sys/class/leds"
# Lights of other things: a network socket's, a keyboard's, the card reader's own.
_NOT_OURS = ("mmc", "input", "phy", "eth", "enp", "wlan", "rfkill")


class Flash(NamedTuple):
    """How long the light is on and off, milliseconds; 0 off: it stays on."""

    on_ms: int
    off_ms: int
    meaning: str


class Light(Enum):
    """The patterns; told apart by eye from ten metres."""

    STARTING = Flash(500, 500, "The pole starts or enrols.")
    WORKING = Flash(1, 0, "Enrolled, data open: the rooms run.")
    NO_NETWORK = Flash(100, 1900, "The collector cannot be reached; tried again by itself.")
    WAITING = Flash(1900, 100, "The collector was reached and refuses; see the report.")
    PROVISION = Flash(100, 400, "The provisioning file is missing or not for this pole.")
    VISIT = Flash(2000, 2000, "A technician's page is open on the cable.")
    FAULT = Flash(80, 80, "The board, its secret or its card is at fault.")


LIGHT_OF = {
    Trouble.NO_PROVISIONING: Light.PROVISION,
    Trouble.UNREADABLE: Light.PROVISION,
    Trouble.NOT_SIGNED: Light.PROVISION,
    Trouble.WRONG_BOARD: Light.PROVISION,
    Trouble.EXPIRED: Light.PROVISION,
    Trouble.BARE_BOARD: Light.FAULT,
    Trouble.STATE_LOCKED: Light.FAULT,
    Trouble.NO_NETWORK: Light.NO_NETWORK,
    Trouble.BAD_CLOCK: Light.NO_NETWORK,
    Trouble.WRONG_AUTHORITY: Light.WAITING,
    Trouble.WRONG_TRUST: Light.WAITING,
    Trouble.REFUSED: Light.WAITING,
    Trouble.DATA_MISSING: Light.FAULT,
    Trouble.DATA_LOCKED: Light.FAULT,
    Trouble.STORAGE: Light.FAULT,
}


def show(machine: Machine, light: Light) -> int:
    """Put the pattern on the board's lights; how many took it. A board without one is fine."""
    folder = machine.at(LEDS)
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return sum(_set(machine, name, light.value) for name in names if not name.startswith(_NOT_OURS))


def table() -> str:
    """The table of the technician's guide, Markdown."""
    lines = ["| light | on | off | meaning | reasons in the report |", "|---|---|---|---|---|"]
    for light in Light:
        on_ms, off_ms, meaning = light.value
        times = f"{on_ms} ms | {off_ms} ms" if off_ms else "always | never"
        reasons = ", ".join(f"`{each.value}`" for each, its in LIGHT_OF.items() if its is light)
        lines.append(f"| {light.name.lower()} | {times} | {meaning} | {reasons} |")
    return "\n".join([*lines, ""])


def _set(machine: Machine, name: str, flash: Flash) -> bool:
    led = machine.at(f"{LEDS}/{name}")
    try:
        if flash.off_ms == 0:
            (led / "trigger").write_text("none")
            (led / "brightness").write_text("1")
            return True
        (led / "trigger").write_text("timer")
        # The kernel makes these two when it takes the trigger.
        (led / "delay_on").write_text(str(flash.on_ms))
        (led / "delay_off").write_text(str(flash.off_ms))
    except OSError:
        return False
    return True
