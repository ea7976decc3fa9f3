"""A technician who puts a token on a card, and what stands at the pole afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.board.card import bring_visit
from edge.doctor.looking import PoleFiles
from edge.doctor.opening import Why
from edge.doctor.token import Token, make_token, sign_token
from edge.doctor.visit import Visit
from edge.mandate.keys import SigningKey, make_signing_key
from edge.provision.places import VISIT_ON_CARD
from tests.fakes.board_programs import FakeBoard
from tests.fakes.lens import be_known
from tests.fakes.mandates import DEVICE

NOW = datetime.now(UTC)


@dataclass
class VisitedPole:
    """A pole on a fake board, whose rooms' data and camera are real. own_cable: the board's."""

    files: PoleFiles
    board: FakeBoard
    own_cable: str = ""
    technician: SigningKey = field(default_factory=lambda: make_signing_key("technician"))

    def __post_init__(self) -> None:
        be_known(self.files, self.technician.public)
        self.light.mkdir(parents=True)
        (self.light / "trigger").write_text("none")

    @property
    def light(self) -> Path:
        return self.board.root / "sys/class/leds/ACT"

    @property
    def token(self) -> Path:
        """The file on the card."""
        return self.board.sel / VISIT_ON_CARD

    @property
    def report(self) -> str:
        path = self.board.sel / "vigie/report.txt"
        return path.read_text() if path.exists() else ""

    def make_token(self, interface: str = "lo", device: str = DEVICE, **of_it: int) -> Token:
        return make_token(device, 15, NOW, timedelta(hours=24), interface=interface, **of_it)

    def put(self, token: Token | bytes) -> None:
        """Onto the card."""
        content = sign_token(token, self.technician) if isinstance(token, Token) else token
        self.token.parent.mkdir(exist_ok=True)
        self.token.write_bytes(content)

    def start(self, say: Callable[[str], None], now: datetime = NOW) -> Why | None:
        """A start of the pole with that card, until the page is closed. say: told its address."""
        if not bring_visit(self.board.machine):
            return None
        visit = Visit(self.board.machine, self.files, self.own_cable, port=0, say=say)
        return visit.receive(now)
