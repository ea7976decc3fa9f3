"""What a manifest is made of: stretches of the file, what held while they were recorded, gaps."""

from dataclasses import dataclass

from edge.wire.fields import Fields

MAX_FRAGMENT_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the file: how many bytes, and their SHA-256."""

    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class FragmentPiece:
    """A fragment's stretch of the file, with its number in the camera's ring.

    first_utc_ms: capture of its first sample; duration_ms: from there to its last sample.
    clock_error_ms: largest error of that time. None: the clock was not proven.
    """

    seq: int
    size_bytes: int
    sha256: bytes
    first_utc_ms: int
    duration_ms: int
    clock_error_ms: int | None

    @property
    def last_utc_ms(self) -> int:
        """Capture of its last sample."""
        return self.first_utc_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class Span:
    """What held from this fragment on: what proved the clock, which mandate let it be recorded."""

    from_seq: int
    clock_source: str
    mandate_version: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the asked time of which the ring holds nothing, and why."""

    from_utc_ms: int
    to_utc_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class MandateName:
    """Under which mandate the clip left the pole. sha256: of the envelope's bytes."""

    version: int
    profile: str
    sha256: bytes


def read_mandate_name(fields: Fields) -> MandateName:
    """Under which mandate. Closes the fields."""
    mandate = MandateName(
        fields.whole("version"), fields.text("profile", longest=64), read_digest(fields, "sha256")
    )
    fields.close()
    return mandate


def read_header_piece(fields: Fields) -> Piece:
    """The header's stretch. Closes the fields."""
    header = Piece(fields.whole("size_bytes", least=1), read_digest(fields, "sha256"))
    fields.close()
    return header


def read_fragment(fields: Fields) -> FragmentPiece:
    """A fragment's stretch. Closes the fields."""
    piece = FragmentPiece(
        seq=fields.whole("seq", least=1),
        size_bytes=fields.whole("size_bytes", least=1),
        sha256=read_digest(fields, "sha256"),
        first_utc_ms=fields.utc_ms("first_utc_ms"),
        duration_ms=fields.whole("duration_ms", most=MAX_FRAGMENT_MS),
        clock_error_ms=(
            None if fields.is_null("clock_error_ms") else fields.whole("clock_error_ms")
        ),
    )
    fields.close()
    return piece


def read_span(fields: Fields) -> Span:
    """What held from a fragment on. Closes the fields."""
    span = Span(
        fields.whole("from_seq", least=1),
        fields.text("clock_source", shortest=0, longest=32),
        fields.whole("mandate_version"),
    )
    fields.close()
    return span


def read_gap(fields: Fields) -> Gap:
    """What is missing. Closes the fields."""
    gap = Gap(
        fields.utc_ms("from_utc_ms"),
        fields.utc_ms("to_utc_ms"),
        fields.text("reason", longest=64),
    )
    fields.close()
    return gap


def read_digest(fields: Fields, key: str) -> bytes:
    """A SHA-256 as 32 bytes."""
    return bytes.fromhex(fields.sha256(key))
