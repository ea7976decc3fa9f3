"""What the session is told (inputs) and what it asks for (outputs); values only.

Inputs are things that happened, outputs are things the shell (`client.py`) does, in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from edge.errors import Kind
from edge.wire.v1 import event_pb2, session_pb2, update_pb2


@dataclass(frozen=True, slots=True)
class Spooled:
    """One batch as the spool holds it: seqs first to last without a hole, both included."""

    first_seq: int
    last_seq: int
    batch: event_pb2.Batch


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the spool has: its epoch, the highest seq ever given, the lowest still there.

    last_seq: 0 when none was ever given. first_pending_seq: 0 when the spool is empty.
    """

    epoch: int
    last_seq: int
    first_pending_seq: int


class Because(Enum):
    """Why the session asks the shell to end the stream."""

    NO_WELCOME = "no_welcome"
    NO_ACK = "no_ack"
    MOVED = "moved"
    NEW_EPOCH = "new_epoch"
    PEER_ERROR = "peer_error"
    STOPPED = "stopped"


# Inputs.


@dataclass(frozen=True, slots=True)
class Tick:
    """Monotonic time has come to `now_ns`. Given before every other input, and once a second."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream asked for is open; this is what the spool holds now."""

    holdings: Holdings


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The collector answered the hello."""

    welcome: session_pb2.Welcome


@dataclass(frozen=True, slots=True)
class Acked:
    """The collector has everything up to and including `stored_seq` on its disk."""

    stored_seq: int


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """The collector asks for something."""

    command: session_pb2.Command


@dataclass(frozen=True, slots=True)
class Closed:
    """The stream is gone, or could not be opened, for a reason of this kind."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class SpoolRang:
    """Something was appended to the spool."""


@dataclass(frozen=True, slots=True)
class BatchesReady:
    """The answer to the Fetch of this number, in seq order; empty when nothing follows.

    dictionaries: at least those that the batches refer to, by number.
    """

    number: int
    epoch: int
    batches: tuple[Spooled, ...]
    dictionaries: Mapping[int, event_pb2.Dictionary]


@dataclass(frozen=True, slots=True)
class StatusDue:
    """What the pole is like has changed."""


@dataclass(frozen=True, slots=True)
class StatusTaken:
    """The answer to TakeStatus."""

    status: session_pb2.Status


@dataclass(frozen=True, slots=True)
class Performed:
    """The answer to Perform: how the command went."""

    answer: session_pb2.Answer


@dataclass(frozen=True, slots=True)
class ChannelReady:
    """A second channel with a new certificate is ready; the stream is to move there."""


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """A room of this pole wants the collector's signed time for its nonce."""

    nonce: bytes


@dataclass(frozen=True, slots=True)
class UpdateTold:
    """How this pole's update stands has changed, or a stream is new."""

    report: update_pb2.UpdateReport


@dataclass(frozen=True, slots=True)
class TimeStated:
    """The collector answered such a question."""

    statement: session_pb2.TimeStatement


@dataclass(frozen=True, slots=True)
class Stop:
    """The process is to end."""


Input = (
    Tick
    | Opened
    | Welcomed
    | Acked
    | CommandReceived
    | Closed
    | SpoolRang
    | BatchesReady
    | StatusDue
    | StatusTaken
    | Performed
    | ChannelReady
    | TimeAsked
    | UpdateTold
    | TimeStated
    | Stop
)


# Outputs.


@dataclass(frozen=True, slots=True)
class Open:
    """Open a stream, then give Opened; or give Closed when that failed."""


@dataclass(frozen=True, slots=True)
class Send:
    """Put this on the stream."""

    message: session_pb2.ConnectRequest


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read at most `limit_batches` batches after `after_seq`, then give BatchesReady."""

    number: int
    after_seq: int
    limit_batches: int


@dataclass(frozen=True, slots=True)
class Delete:
    """The spool need not keep anything of this epoch up to and including `up_to_seq`."""

    epoch: int
    up_to_seq: int


@dataclass(frozen=True, slots=True)
class TakeStatus:
    """Find out what the pole is like, then give StatusTaken."""


@dataclass(frozen=True, slots=True)
class Perform:
    """Do what the command says, then give Performed."""

    command: session_pb2.Command


@dataclass(frozen=True, slots=True)
class PassTime:
    """Put the collector's word where the room that asked will find it; nobody here believes it."""

    statement: session_pb2.TimeStatement


@dataclass(frozen=True, slots=True)
class Remember:
    """Write this answer to disk before it is sent, so that a repeat is answered and not done."""

    answer: session_pb2.Answer


@dataclass(frozen=True, slots=True)
class Close:
    """End the stream, then give Closed."""

    because: Because


@dataclass(frozen=True, slots=True)
class Retry:
    """The next attempt comes `after_ns` from now; for the log, the session itself keeps time."""

    after_ns: int


Output = Open | Send | Fetch | Delete | TakeStatus | Perform | PassTime | Remember | Close | Retry
