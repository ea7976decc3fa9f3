"""What stands behind the ports: the directory, the database and the parts that share them."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from collector.accounts import Accounts
from collector.accounts.attempts import Attempts
from collector.accounts.origin import Origin
from collector.accounts.passkeys import Passkeys
from collector.audit import Audit
from collector.authority import Authority
from collector.calibrations import Calibrations
from collector.checkpoints import BackgroundCheckPoints
from collector.clips.arrival import Arrivals
from collector.clips.desk import ClipDesk, DeskParts
from collector.clips.limits import Limits
from collector.clips.progress import ClipProgress
from collector.clips.record import list_held
from collector.clips.shelf import Shelf
from collector.commands import Commands
from collector.devices import Devices
from collector.ledger import SqliteIntake
from collector.live import Live
from collector.mandates import Mandates
from collector.metrics import Metrics
from collector.reader import SqliteReader
from collector.register_export import RegisterExports
from collector.review import Reviews
from collector.schema import connect, open_writer
from collector.services import Services
from collector.share_files import ShareFiles
from collector.shares import Shares
from collector.store import Committed
from collector.trusted import Trusted
from collector.updates.bundles import BundleStore
from collector.updates.conduct import Conduct
from collector.updates.desk import UpdateDesk
from collector.updates.fetching import Fetches
from collector.updates.taking import BundleTaking
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.mandate.kernel_clock import kernel_clock_reader

DATABASE = "collector.db"


@dataclass(frozen=True, slots=True)
class Core:
    """One collector without its ports."""

    services: Services
    writer: Writer
    intake: SqliteIntake
    authority: Authority
    arrivals: Arrivals
    fetches: Fetches


@contextmanager
def own_directory(directory: Path) -> Iterator[None]:
    """Hold a --data directory for this process alone; made when there is none.

    Raises VigieError when it cannot be written or another collector holds it.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as refused:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the data directory cannot be written ({refused.strerror})",
            where=str(directory),
            hint="Give a directory that this user owns with --data DIR.",
        ) from refused
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as held:
        raise VigieError(
            Kind.UNAVAILABLE,
            "another collector uses this data directory",
            where=str(directory),
            hint="Stop it first, or give another directory with --data DIR.",
        ) from held
    finally:
        os.close(handle)


@asynccontextmanager
async def open_core(
    directory: Path, clock: Clock, page_origin: Origin | None = None
) -> AsyncIterator[Core]:
    """The database and everything that works on it, until the context ends.

    page_origin: where people open the page; None: not said, so nobody can have a passkey.
    Raises VigieError when the database or the authority's key is damaged.
    """
    path = directory / DATABASE
    connection = open_writer(path)
    authority = Authority(directory / "authority", clock)
    metrics, live = Metrics(), Live()

    def on_commit(stored: Sequence[Committed], spent_seconds: float, wal_bytes: int) -> None:
        metrics.commit_seconds.observe(spent_seconds)
        metrics.wal_bytes.set(wal_bytes)
        _publish(live, metrics, stored)

    intake = SqliteIntake(connection, clock)
    check_points = BackgroundCheckPoints(lambda: connect(path))
    writer = Writer(connection, check_points, intake, on_commit)
    reader = SqliteReader(path)
    share_files = ShareFiles(directory / "shares")
    devices = await _load_devices(writer, authority, share_files, clock)
    trusted = Trusted(directory / "authority", clock, kernel_clock_reader())
    mandates = Mandates(writer, trusted, devices, clock)
    shelf = Shelf(directory / "clips")
    await asyncio.to_thread(shelf.sweep_copies, await writer.submit(list_held))
    limits = Limits()
    clips = ClipDesk(DeskParts(writer, shelf, trusted, mandates, devices, clock), limits)
    commands = Commands(writer, clock)
    commands.when_answered(clips.keep_answer)
    store = BundleStore(directory / "updates")
    updates = Conduct(writer, reader, devices, clock)
    commands.when_answered(updates.keep_answer)
    audit, attempts = Audit(writer, reader, clock), Attempts(writer, clock)
    services = Services(
        reader=reader,
        reviews=Reviews(writer, clock),
        audit=audit,
        accounts=Accounts(writer, reader, attempts, clock),
        passkeys=Passkeys(writer, reader, attempts, clock, page_origin),
        devices=devices,
        shares=Shares(writer, devices, share_files, clock),
        trusted=trusted,
        mandates=mandates,
        commands=commands,
        clips=clips,
        progress=ClipProgress(reader, shelf),
        calibrations=Calibrations(writer, reader, clock),
        registers=RegisterExports(directory / "authority", reader, audit, trusted, clock),
        bundles=BundleTaking(writer, store, clock),
        rollouts=UpdateDesk(writer, reader, devices, mandates, clock),
        updates=updates,
        live=live,
        metrics=metrics,
        clock=clock,
    )
    try:
        arrivals = Arrivals(writer, shelf, devices, clock, limits)
        fetches = Fetches(updates, store, devices)
        yield Core(services, writer, intake, authority, arrivals, fetches)
    finally:
        await asyncio.to_thread(reader.close)
        await writer.close()


async def _load_devices(
    writer: Writer, authority: Authority, share_files: ShareFiles, clock: Clock
) -> Devices:
    """The registry with what was revoked before this start."""
    revoked = await writer.submit(Devices.read_revoked)
    for device in sorted(revoked.names):
        # A cut between a revocation and its effect.
        await asyncio.to_thread(share_files.destroy_share, device)
    return Devices(writer, authority, share_files, clock, revoked)


def _publish(live: Live, metrics: Metrics, stored: Sequence[Committed]) -> None:
    """Tell watchers and counters what a commit stored."""
    metrics.watchers.set(live.watchers)
    metrics.events_stored.inc(sum(each.stored_events for each in stored))
    metrics.batches_repeated.inc(sum(not each.stored_events for each in stored))
    if not live.watchers:
        return
    for committed in stored:
        live.publish(committed.first_number, committed.stored_events)
