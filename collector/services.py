"""What the collector offers to those who stand before it: the page and the operators' calls."""

from dataclasses import dataclass

from collector.accounts import Accounts
from collector.accounts.passkeys import Passkeys
from collector.audit import Audit
from collector.calibrations import Calibrations
from collector.clips.desk import ClipDesk
from collector.clips.progress import ClipProgress
from collector.commands import Commands
from collector.devices import Devices
from collector.live import Live
from collector.mandates import Mandates
from collector.metrics import Metrics
from collector.register_export import RegisterExports
from collector.review import Reviews
from collector.shares import Shares
from collector.store import Reader
from collector.trusted import Trusted
from collector.updates.conduct import Conduct
from collector.updates.desk import UpdateDesk
from collector.updates.taking import BundleTaking
from edge.clock import Clock


@dataclass(frozen=True, slots=True)
class Services:
    """One collector's parts, all used from its one event loop.

    reader: committed events, reviews, devices, precision.
    reviews: writes verdicts (audited). audit: writes and reads the chained log.
    accounts: people, passwords, sessions. passkeys: their other way in.
    devices: invite, revoke, connections. shares: their parts of the keys of data at rest.
    trusted: whom poles believe. mandates: signed statements on their way. commands: what poles
    are asked. clips: the clip desk. progress: how far clips are.
    calibrations: what calibrations saw, for those who tune.
    registers: the authority's register, read and exported.
    bundles: updates taken in. rollouts: begun, halted, resumed. updates: whom to offer what now.
    live: numbers of new events after commit. metrics: the Prometheus registry.
    """

    reader: Reader
    reviews: Reviews
    audit: Audit
    accounts: Accounts
    passkeys: Passkeys
    devices: Devices
    shares: Shares
    trusted: Trusted
    mandates: Mandates
    commands: Commands
    clips: ClipDesk
    progress: ClipProgress
    calibrations: Calibrations
    registers: RegisterExports
    bundles: BundleTaking
    rollouts: UpdateDesk
    updates: Conduct
    live: Live
    metrics: Metrics
    clock: Clock
