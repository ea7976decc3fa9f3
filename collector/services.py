"""What the collector offers to those who stand before it: the page and the operators' calls."""

from dataclasses import dataclass

from collector.accounts import Accounts
from collector.audit import Audit
from collector.devices import Devices
from collector.live import Live
from collector.metrics import Metrics
from collector.review import Reviews
from collector.store import Reader
from edge.clock import Clock


@dataclass(frozen=True, slots=True)
class Services:
    """One collector's parts, all used from its one event loop.

    reader: committed events, reviews, devices, precision.
    reviews: writes verdicts (audited). audit: writes and reads the chained log.
    accounts: people, passwords, sessions. devices: invite, revoke, connections.
    live: numbers of new events after commit. metrics: the Prometheus registry.
    """

    reader: Reader
    reviews: Reviews
    audit: Audit
    accounts: Accounts
    devices: Devices
    live: Live
    metrics: Metrics
    clock: Clock
