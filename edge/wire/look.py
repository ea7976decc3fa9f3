"""What the eye's second program says of one camera: figures for an acceptance, pictures for aiming.

It speaks on a pipe to whoever started it, which is root's `vigie doctor`. The reader believes
nothing: everything is bounded, and a picture is bytes that are handed on unopened.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import BinaryIO

from edge.errors import Kind, VigieError
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

MAX_LINE_BYTES = 4_000_000
MAX_JPEG_BYTES = 2_000_000
MAX_WALKERS = 64
_MAX_FIGURE = 2**40
_MAX_TEXT_CHARS = 500


@dataclass(frozen=True, slots=True)
class Walker:
    """A person's box, in thousandths of the frame: where the feet are, and how tall it is."""

    foot_x_permille: int
    foot_y_permille: int
    height_permille: int


@dataclass(frozen=True, slots=True)
class Sight:
    """A camera's picture in figures.

    focus: sharpness, see `edge/eye/sharpness.py`. contrast_luma: standard deviation of the
    brightness, 0 to 128. dark, bright: clipped pixels in thousandths; masked ones do not count.
    """

    focus: int = 0
    contrast_luma: int = 0
    dark_permille: int = 0
    bright_permille: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """One camera, looked at for some seconds.

    codec: FFmpeg's name; empty: not told. frames in period_ms: as the camera delivers them.
    failure, hint: why no picture came; empty: pictures came. model, detector_*_us: one look of
    the detector at a picture of our own making. sweep_looks: so many show each zone and line once;
    0: frames are looked at whole. unseen: the word why nobody was looked for, as
    the mandate says it; empty: the detector looked. clock_error_ms: None: not proven.
    still_jpeg: one picture, masks burned in; empty where it was not asked for or not allowed.
    """

    camera: str
    width_px: int = 0
    height_px: int = 0
    codec: str = ""
    frames: int = 0
    period_ms: int = 0
    sight: Sight = Sight()
    failure: str = ""
    hint: str = ""
    model: str = ""
    detector_p50_us: int = 0
    detector_p95_us: int = 0
    sweep_looks: int = 0
    unseen: str = ""
    walkers: tuple[Walker, ...] = ()
    clock_source: str = ""
    clock_error_ms: int | None = None
    still_jpeg: bytes = b""


@dataclass(frozen=True, slots=True)
class Aim:
    """One picture for aiming, JPEG with masks burned in, and its figures."""

    sight: Sight
    jpeg: bytes


def write_look(look: Look) -> bytes:
    """One line."""
    still = base64.b64encode(look.still_jpeg).decode()
    return json.dumps(asdict(look) | {"still_jpeg": still}).encode() + b"\n"


def read_look(line: bytes) -> Look:
    """The other way. Raises VigieError for anything that no eye of ours would say."""
    try:
        return _look(Fields(_record(line)))
    except ProblemsError as error:
        raise VigieError(
            Kind.INTERNAL, f"the eye's program said something that cannot be: {error.what}"
        ) from error


def write_aim(aim: Aim) -> bytes:
    """A line with the figures and the length, then the picture."""
    head = asdict(aim.sight) | {"jpeg_bytes": len(aim.jpeg)}
    return json.dumps(head).encode() + b"\n" + aim.jpeg


def read_aim(stream: BinaryIO) -> Aim | None:
    """The next picture; None: the stream has ended. Raises VigieError."""
    line = stream.readline(MAX_LINE_BYTES)
    if not line:
        return None
    try:
        fields = Fields(_record(line))
        sight = _sight(fields)
        length = fields.whole("jpeg_bytes", least=1, most=MAX_JPEG_BYTES)
        fields.close()
        fields.raise_problems(ProblemsError)
    except ProblemsError as error:
        raise VigieError(
            Kind.INTERNAL, f"the eye's program said something that cannot be: {error.what}"
        ) from error
    jpeg = stream.read(length)
    return Aim(sight, jpeg) if len(jpeg) == length else None


def _record(line: bytes) -> dict[str, object]:
    return parse_object(
        line, what="the eye's line", max_bytes=MAX_LINE_BYTES, refusal=ProblemsError
    )


def _look(fields: Fields) -> Look:
    sight = fields.inner("sight")
    look = Look(
        camera=fields.name("camera"),
        width_px=_figure(fields, "width_px"),
        height_px=_figure(fields, "height_px"),
        codec=_text(fields, "codec"),
        frames=_figure(fields, "frames"),
        period_ms=_figure(fields, "period_ms"),
        sight=_sight(sight),
        failure=_text(fields, "failure"),
        hint=_text(fields, "hint"),
        model=_text(fields, "model"),
        detector_p50_us=_figure(fields, "detector_p50_us"),
        detector_p95_us=_figure(fields, "detector_p95_us"),
        sweep_looks=_figure(fields, "sweep_looks"),
        unseen=_text(fields, "unseen"),
        walkers=tuple(_walker(each) for each in fields.objects("walkers", most=MAX_WALKERS)),
        clock_source=_text(fields, "clock_source"),
        clock_error_ms=_error_ms(fields),
        still_jpeg=_still(fields),
    )
    sight.close()
    fields.close()
    fields.raise_problems(ProblemsError)
    return look


def _figure(fields: Fields, name: str) -> int:
    return fields.whole(name, most=_MAX_FIGURE)


def _text(fields: Fields, name: str) -> str:
    return fields.text(name, shortest=0, longest=_MAX_TEXT_CHARS, lines=True)


def _error_ms(fields: Fields) -> int | None:
    if fields.is_null("clock_error_ms"):
        return None
    return _figure(fields, "clock_error_ms")


def _walker(fields: Fields) -> Walker:
    walker = Walker(
        *(fields.whole(f"{name}_permille", most=1000) for name in ("foot_x", "foot_y", "height"))
    )
    fields.close()
    return walker


def _sight(fields: Fields) -> Sight:
    return Sight(
        focus=fields.whole("focus", least=0, most=_MAX_FIGURE),
        contrast_luma=fields.whole("contrast_luma", least=0, most=255),
        dark_permille=fields.whole("dark_permille", least=0, most=1000),
        bright_permille=fields.whole("bright_permille", least=0, most=1000),
    )


def _still(fields: Fields) -> bytes:
    text = fields.text("still_jpeg", shortest=0, longest=MAX_JPEG_BYTES * 4 // 3 + 4)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        fields.wrong("still_jpeg", "is not base64")
        return b""
