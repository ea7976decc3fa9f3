"""What a rule is given: the tracks of one look, and when it was."""

from dataclasses import dataclass

from edge.eye.tracks import Tracks


@dataclass(frozen=True, slots=True)
class Scene:
    """One look at one camera.

    captured_utc_ms: labels events. monotonic_ns: orders and measures; never goes back.
    aspect: width of the picture over its height, for headings.
    """

    tracks: Tracks
    captured_utc_ms: int
    monotonic_ns: int
    aspect: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track in one look: enough to write an event about it later."""

    tracks: Tracks
    row: int

    @property
    def number(self) -> int:
        """The track's number."""
        return int(self.tracks.numbers[self.row])

    @property
    def foot_frac(self) -> tuple[float, float]:
        """Where it stands."""
        left, _, right, bottom = self.tracks.boxes_frac[self.row].tolist()
        return ((left + right) / 2, bottom)

    @property
    def height_frac(self) -> float:
        """How tall its box is."""
        return float(self.tracks.boxes_frac[self.row, 3] - self.tracks.boxes_frac[self.row, 1])

    def is_at_edge(self, edge_frac: float) -> bool:
        """Whether its box reaches the frame's edge, or within so much of it."""
        left, top, right, bottom = self.tracks.boxes_frac[self.row].tolist()
        return bool(min(left, top, 1 - right, 1 - bottom) < edge_frac)

    @property
    def first_seen_ns(self) -> int:
        """When it was first found, monotonic."""
        return int(self.tracks.first_seen_ns[self.row])

    @property
    def is_seen(self) -> bool:
        """True if it was found at this look; False: expected there, but hidden."""
        return bool(self.tracks.is_seen[self.row])

    @property
    def score(self) -> float:
        """The last detection's confidence, 0 to 1."""
        return float(self.tracks.scores[self.row])
