"""The demo's clip: asked for, fetched, opened and verified with the commands an officer types."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.demo.city import City
from edge.demo.process import run_command
from edge.errors import VigieError

BEFORE_MS, AFTER_MS = 3_000, 3_000
# A fragment of two seconds must be over and sealed before it can be cut.
SEALED_AFTER_MS = 4_000
# On a slow line or an emulated pole; who shows it decides how long it is worth.
WAITED_SECONDS = 600.0
CASE = "demo"
REASON = "the demo shows what an officer would see"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ShownClip:
    """One clip of the demo. seconds: of video. is_verified: by `vigie clip verify`, offline."""

    clip: str
    event: int
    mp4: str
    mp4_bytes: int
    seconds: float
    is_verified: bool


class Showing:
    """Shows the clip of the first event, in a thread of its own."""

    def __init__(self, city: City, folder: Path, say: Say) -> None:
        """Write to `folder`; tell of each step by `say`."""
        self._city = city
        self._folder = folder
        self._say = say
        self._thread: threading.Thread | None = None
        self.clip: ShownClip | None = None

    @property
    def has_begun(self) -> bool:
        """Whether an event was chosen."""
        return self._thread is not None

    def begin(self, event: dict[str, object]) -> None:
        """Show this event's clip, unless one is being shown already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._show, args=(event,), daemon=True)
            self._thread.start()

    def finish(self, within_seconds: float) -> None:
        """Wait for the clip."""
        if self._thread is not None:
            self._thread.join(within_seconds)

    def _show(self, event: dict[str, object]) -> None:
        number, captured_ms = int(str(event["number"])), int(str(event["captured_utc_ms"]))
        begins_ms, ends_ms = captured_ms - BEFORE_MS, captured_ms + AFTER_MS
        time.sleep(max(0.0, (ends_ms + SEALED_AFTER_MS) / 1000 - time.time()))
        try:
            self.clip = self._fetch(number, begins_ms, ends_ms)
        except VigieError as refused:
            self._say(f"vigie: no clip of event {number}: {refused.what}")
            return
        told = "verified" if self.clip.is_verified else "NOT verified"
        self._say(f"vigie: the clip of event {number} is {self.clip.mp4}, {told}")

    def _fetch(self, number: int, begins_ms: int, ends_ms: int) -> ShownClip:
        data = ["--data", str(self._city.collector)]
        asked = run_command(
            [
                "clip", "request",
                "--event", str(number),
                "--from", _text(begins_ms),
                "--to", _text(ends_ms),
                "--reason", REASON,
                "--case", CASE,
                "--wait",
                "--json",
                *data,
            ],
            WAITED_SECONDS,
        )[0]  # fmt: skip
        clip = str(asked["clip"])
        key, folder = str(self._city.reader_key), str(self._folder)
        fetched = run_command(
            ["clip", "fetch", clip, "--key", key, "--out", folder, "--json", *data]
        )
        mp4 = Path(str(fetched[0]["file"]))
        keys = self._folder / "device-keys.json"
        run_command(["collector", "device-keys", "--out", str(keys), "--json", *data])
        verdict = run_command(
            [
                "clip", "verify", str(mp4),
                "--device-keys", str(keys),
                "--trust", str(self._city.trust),
                "--json",
            ]
        )[0]  # fmt: skip
        return ShownClip(
            clip=clip,
            event=number,
            mp4=str(mp4),
            mp4_bytes=mp4.stat().st_size,
            seconds=(ends_ms - begins_ms) / 1000,
            is_verified=verdict["clip"] == clip,
        )


def _text(utc_ms: int) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(utc_ms / 1000))
    return f"{moment}.{utc_ms % 1000:03}+00:00"
