"""Labels for poles as PDF: name, site and collector to read, and the same as a QR code to scan.

On sheets of 3 by 7 labels of 63.5 x 38.1 mm, the commonest for A4. A label holds nothing secret: it
hangs on a street.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno

from edge.errors import Kind
from edge.flash.problem import FlashError

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

COLUMNS, ROWS = 3, 7
PAGE_MM = (210.0, 297.0)
LABEL_MM = (63.5, 38.1)
_PITCH_MM = (66.0, 38.1)
_CORNER_MM = (7.2, 15.1)
"""Of the sheet to the first label, from the left and from above."""
_CODE_MM = 22.0
_INSET_MM = 3.5
_POINTS_PER_MM = 72 / 25.4
_QUIET_MODULES = 2


@dataclass(frozen=True, slots=True)
class Label:
    """One pole. collector: HOST:PORT of enrolment."""

    device: str
    site: str
    collector: str

    @property
    def code_text(self) -> str:
        """What the code says."""
        return f"vigie:{self.device}@{self.collector}"


def label_sheets(labels: Sequence[Label]) -> bytes:
    """A PDF with a label for each, the same bytes for the same labels. Raises FlashError."""
    try:
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - in the collector's extra only
    except ImportError as error:
        raise FlashError(
            Kind.FAILED_PRECONDITION,
            "labels are drawn by reportlab, which is not installed",
            hint="Install the control room's packages: pip install 'vigie[collector]'",
        ) from error
    sheet = io.BytesIO()
    width, height = (side * _POINTS_PER_MM for side in PAGE_MM)
    canvas = Canvas(sheet, pagesize=(width, height), invariant=1)
    canvas.setTitle("Vigie: labels")
    for index, label in enumerate(labels):
        place = index % (COLUMNS * ROWS)
        if index and not place:
            canvas.showPage()
        _draw(canvas, label, place % COLUMNS, place // COLUMNS)
    canvas.save()
    return sheet.getvalue()


def _draw(canvas: "Canvas", label: Label, column: int, row: int) -> None:
    left_mm = _CORNER_MM[0] + column * _PITCH_MM[0]
    bottom_mm = PAGE_MM[1] - _CORNER_MM[1] - row * _PITCH_MM[1] - LABEL_MM[1]
    canvas.saveState()
    canvas.scale(_POINTS_PER_MM, _POINTS_PER_MM)
    canvas.translate(left_mm + _INSET_MM, bottom_mm + _INSET_MM)
    text_mm = LABEL_MM[0] - 2 * _INSET_MM - _CODE_MM - 1
    top_mm = LABEL_MM[1] - 2 * _INSET_MM
    for text, bold, size_mm, down_mm in (
        (label.device, True, 5.0, 6.0),
        (label.site, False, 3.6, 13.0),
        (label.collector, False, 2.6, 19.0),
        ("vigie", False, 2.6, top_mm - 1),
    ):
        _write(canvas, text, text_mm, (0, top_mm - down_mm), size_mm, is_bold=bold)
    canvas.translate(text_mm + 1, (top_mm - _CODE_MM) / 2)
    _draw_code(canvas, label.code_text)
    canvas.restoreState()


def _write(
    canvas: "Canvas",
    text: str,
    width_mm: float,
    at_mm: tuple[float, float],
    size_mm: float,
    *,
    is_bold: bool,
) -> None:
    """One line; a text that is too wide is set smaller, never cut."""
    font = "Helvetica-Bold" if is_bold else "Helvetica"
    wide_mm = canvas.stringWidth(text, font, size_mm)
    canvas.setFont(font, size_mm * min(1.0, width_mm / wide_mm) if wide_mm else size_mm)
    canvas.drawString(*at_mm, text)


def _draw_code(canvas: "Canvas", text: str) -> None:
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(1, 0)]
    module_mm = _CODE_MM / (len(rows) + 2 * _QUIET_MODULES)
    for down, row in enumerate(rows):
        for across, is_dark in enumerate(row):
            if is_dark:
                canvas.rect(
                    (across + _QUIET_MODULES) * module_mm,
                    _CODE_MM - (down + 1 + _QUIET_MODULES) * module_mm,
                    # Printers leave hairlines between squares that only touch.
                    module_mm * 1.03,
                    module_mm * 1.03,
                    stroke=0,
                    fill=1,
                )
