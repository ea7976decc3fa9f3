"""The demo from curtain to curtain: collector, enrolment, pole, events, closing table."""

import contextlib
import json
import signal
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.demo.city import City
from edge.demo.feed import Feed
from edge.demo.process import Process, run_command
from edge.demo.showing import Showing
from edge.demo.tally import CameraTally, Summary, Tally
from edge.errors import Kind, VigieError
from edge.spool.places import spool_path
from edge.wire.eye_status import eye_status_path

DEVICE = "demo-pole"
READY_SECONDS = 20.0
LOOKS_SECONDS = 20.0
"""So long after its start the pole's time begins even if it does not look yet."""
DRAIN_SECONDS = 30.0
CLIP_SECONDS = 30.0
POLL_SECONDS = 0.1

Say = Callable[[str], None]
Tell = Callable[[dict[str, object]], None]


@dataclass(frozen=True, slots=True)
class Play:
    """What one demo runs on.

    site: the site file whose first camera's source is what the demo shows.
    source: what the person is told it is.
    state: folder of the collector's and the pole's data; kept between demos.
    models: folder of built detectors.
    seconds: how long the pole looks; None: until it is interrupted.
    page: address of the page, HOST:PORT.
    has_clip: whether the clip of the first event is asked for.
    """

    site: Path
    source: str
    state: Path
    models: Path
    seconds: float | None
    page: str
    has_clip: bool = True

    @property
    def collector(self) -> Path:
        """The collector's data directory."""
        return self.state / "collector"

    @property
    def pole(self) -> Path:
        """The pole's data directory."""
        return self.state / "pole"


def run_play(play: Play, say: Say, tell: Tell) -> Summary:
    """Run the demo to its end and return the closing table.

    say: takes lines for a person. tell: takes each stored event as `events tail --json` says it.

    Raises:
        VigieError: when a part does not come up or ends by itself.
    """
    play.state.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    tally = Tally()
    city = City(play.state / "authority", play.collector)
    showing = Showing(city, play.state / "clips", say)
    with contextlib.ExitStack() as parts, _interrupt() as interrupted:
        collector = parts.enter_context(_start_collector(play))
        addresses = _wait_for_addresses(play, collector)
        say(f"vigie: the collector listens on {addresses['sessions']}, its page is "
            f"http://{addresses['page']}/")  # fmt: skip
        _say_first_account(play, say)
        _ensure_enrolled(play, addresses, city.ensure_trust(), say)
        if city.ensure_mandate(play.site, play.models, DEVICE):
            say(f"vigie: a bench mandate for {DEVICE} is signed: {city.mandate}")
        feed = parts.enter_context(Feed(play.collector, play.state / "tail.log", say))
        chosen = showing if play.has_clip else None
        listener = threading.Thread(target=_listen, args=(feed, tally, tell, chosen), daemon=True)
        listener.start()
        pole = parts.enter_context(_start_pole(play))
        say(f"vigie: the pole looks at {play.source}; press Ctrl-C to end")
        _wait(play, interrupted, (collector, pole))
        showing.finish(CLIP_SECONDS)
        pole.stop()
        pending = _drain(play)
        feed.stop()
        listener.join(DRAIN_SECONDS)
    return _summary(play, tally, showing, pending, time.monotonic() - started)


def _start_collector(play: Play) -> Process:
    return Process(
        "collector",
        [
            "collector", "run",
            "--data", str(play.collector),
            "--listen", _listen_address(play),
            "--enrolment", "127.0.0.1:0",
            "--page", play.page,
        ],
        play.state / "collector.log",
    )  # fmt: skip


def _listen_address(play: Play) -> str:
    """Where the last demo's collector listened, for that is where the enrolled pole calls."""
    file = play.collector / "operator" / "collector.toml"
    if not file.exists():
        return "127.0.0.1:0"
    return str(tomllib.loads(file.read_text())["sessions"])


def _start_pole(play: Play) -> Process:
    # An earlier demo's eye says nothing of this one's.
    eye_status_path(play.pole).unlink(missing_ok=True)
    arguments = [
        "edge", "run",
        "--site", str(play.site),
        "--data", str(play.pole),
        "--models", str(play.models),
        "--loop",
    ]  # fmt: skip
    return Process("pole", arguments, play.state / "pole.log")


def _wait_for_addresses(play: Play, collector: Process) -> dict[str, str]:
    """The addresses that the collector wrote down when it was ready."""
    file = play.collector / "operator" / "collector.toml"
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        collector.check_running()
        if file.exists():
            written = tomllib.loads(file.read_text())
            if written.get("process") == collector.pid:
                return {key: str(value) for key, value in written.items()}
        time.sleep(POLL_SECONDS)
    raise VigieError(
        Kind.UNAVAILABLE,
        f"the collector was not ready within {READY_SECONDS:.0f} s",
        where=str(play.state / "collector.log"),
        hint="Read that log, or start the collector alone: vigie collector run --help",
    )


def _say_first_account(play: Play, say: Say) -> None:
    link = play.collector / "operator" / "first-account.txt"
    if link.exists():
        say(f"vigie: make the first account on the page: {link.read_text().strip()}")


def _ensure_enrolled(play: Play, addresses: dict[str, str], authority: str, say: Say) -> None:
    if (play.pole / "identity" / "certificate.pem").exists():
        return
    say(f"vigie: enrolling {DEVICE} with a one-time token")
    invite = ["device", "invite", DEVICE, "--data", str(play.collector), "--json"]
    token = str(run_command(invite)[0]["token"])
    run_command(
        [
            "device", "enrol",
            "--device", DEVICE,
            "--collector", addresses["enrolment"],
            "--ca", str(play.collector / "operator" / "ca.pem"),
            "--token", token,
            "--authority", authority,
            "--data", str(play.pole),
        ]
    )  # fmt: skip


def _listen(feed: Feed, tally: Tally, tell: Tell, showing: Showing | None) -> None:
    for event in feed.records():
        captured, stored = int(str(event["captured_utc_ms"])), int(str(event["stored_utc_ms"]))
        size = int(str(event["size_bytes"]))
        tally.add(str(event["rule"]), str(event["phase"]), size, stored - captured)
        tell(event)
        if showing is not None and event["phase"] == "start" and event["camera"]:
            showing.begin(event)


@contextlib.contextmanager
def _interrupt() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, in place of an exception at any point."""
    interrupted = threading.Event()
    kept = {
        number: signal.signal(number, lambda *_: interrupted.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupted
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _wait(play: Play, interrupted: threading.Event, parts: tuple[Process, ...]) -> None:
    """Until the pole has looked for as long as the play lasts, or somebody ends it."""
    waited_from = time.monotonic()
    looks_from: float | None = None
    while not interrupted.wait(POLL_SECONDS):
        for part in parts:
            part.check_running()
        now = time.monotonic()
        if looks_from is None and (now - waited_from >= LOOKS_SECONDS or _is_looking(play)):
            looks_from = now
        if play.seconds is not None and looks_from is not None and now - looks_from >= play.seconds:
            return


def _is_looking(play: Play) -> bool:
    """Whether every camera is open and the mandate is in force."""
    path = eye_status_path(play.pole)
    if not path.exists():
        return False
    status = json.loads(path.read_text())
    is_open = all(camera["is_open"] for camera in status["cameras"])
    return is_open and not status["mandate_reason"]


def _drain(play: Play) -> int:
    """Let the link deliver what the eye accepted last; how many events stayed behind."""
    with Process("link", ["edge", "run", "--link-only", "--data", str(play.pole)],
                 play.state / "pole.log"):  # fmt: skip
        deadline = time.monotonic() + DRAIN_SECONDS
        while pending := _pending(play):
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
    return pending


def _pending(play: Play) -> int:
    if not spool_path(play.pole).exists():
        return 0
    listing = run_command(["spool", "ls", "--json", "--data", str(play.pole)])
    return sum(int(str(batch["events"])) for batch in listing)


def _summary(play: Play, tally: Tally, showing: Showing, pending: int, seconds: float) -> Summary:
    status = eye_status_path(play.pole)
    cameras = json.loads(status.read_text())["cameras"] if status.exists() else []
    names = CameraTally.__slots__
    counts = [CameraTally(**{name: camera[name] for name in names}) for camera in cameras]
    return Summary(
        seconds=round(seconds, 1),
        source=play.source,
        events=sum(tally.by_rule.values()),
        signals=tally.signals,
        events_by_rule=dict(tally.by_rule.most_common()),
        event_bytes=tally.event_bytes,
        video_bytes=sum(camera.video_bytes for camera in counts),
        pending_events=pending,
        latency_p50_ms=tally.percentile_ms(50),
        latency_p99_ms=tally.percentile_ms(99),
        cameras=counts,
        ring_bytes=_ring_bytes(play),
        clips=[showing.clip] if showing.clip is not None else [],
        clips_expected=int(play.has_clip),
    )


def _ring_bytes(play: Play) -> int:
    """Sealed video that the vault holds now."""
    ring = play.pole / "vault" / "ring"
    return sum(path.stat().st_size for path in ring.rglob("*.seg"))
