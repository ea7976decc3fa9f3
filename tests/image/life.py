"""A pole over all its starts: it restarts by itself, and the power goes when a test says so."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.image.bench import TRIAL_SECONDS, WORK_SECONDS, AtWork, switch_on
from tests.image.machine import Machine, MachineSilenceError
from tests.image.power import CutPower, Loss

# How long a machine runs on until somebody is asked again whether it is far enough.
_PAUSE_SECONDS = 5.0


class Life:
    """One pole. It is on whenever somebody looks at `now`.

    slots: in which slot each start was. trial_seconds: what a new slot has from the next start on.
    """

    def __init__(self, pole: Machine) -> None:
        self.pole = pole
        self.trial_seconds = TRIAL_SECONDS
        self.slots = ""
        self._power = ExitStack()
        self._now: AtWork | None = None
        self._cut: CutPower | None = None

    @property
    def now(self) -> AtWork:
        """The pole at work."""
        return self._now or self.switch_on()

    def switch_on(self) -> AtWork:
        """Power; the firmware chooses."""
        assert self._now is None, "it is on"
        self._cut = CutPower.prepare(self.pole.card, self.pole.folder)
        start = switch_on(self.pole, trial_seconds=self.trial_seconds, cut=self._cut)
        self._now = self._power.enter_context(start)
        self.slots += self._now.running.choice.slot
        return self._now

    def switch_off(self) -> None:
        """Off; the card keeps all that it had taken."""
        self._power.close()
        self._now = None

    def lose_power(self, seed: int) -> Loss:
        """Off; the card may have lost what it was not told to keep."""
        assert self._cut is not None, "it was never on"
        self.switch_off()
        loss = self._cut.lose(seed)
        print(f"          the power went: {loss}", flush=True)
        return loss

    def lose_power_within(self, seed: int, most_seconds: float) -> Loss:
        """The same at a moment that the seed draws, however far the pole has come by then."""
        moment = random.Random(seed).uniform(0, most_seconds)
        deadline = time.monotonic() + moment
        while self.now.running.goes_on(seconds=max(0.0, deadline - time.monotonic())) is False:
            self._take_restart()
        self.now.note(f"the power goes, {moment:.1f} s later")
        return self.lose_power(seed)

    def hear(self, pattern: str, *, seconds: float = WORK_SECONDS) -> AtWork:
        """The pole in the start in which it says this, through all restarts before."""
        deadline = time.monotonic() + seconds
        while not self.now.running.hear(pattern, seconds=max(0.0, deadline - time.monotonic())):
            self._take_restart()
        return self.now

    def go_on_until(
        self, is_done: Callable[[], bool], what: str, *, seconds: float = 2 * WORK_SECONDS
    ) -> AtWork:
        """Through all restarts, until somebody else says that it is far enough."""
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                raise MachineSilenceError(self.now.running.told(f"not in time: {what}"))
            if not self.now.running.goes_on(seconds=_PAUSE_SECONDS):
                self._take_restart()
        return self.now

    def _take_restart(self) -> None:
        self.now.running.wait_for_end()
        self.switch_off()
        self.switch_on().note(f"it restarts, in slot {self.slots[-1]}")
