"""The register as files: three CSVs for machines, one PDF for people."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from collector.register import Entry, Register, Week
from edge.wire.names import function_name
from edge.wire.v1 import operator_pb2

NOTHING = ""
MAX_PDF_ROWS = 2_000  # the rest stands in the CSV, and the page says so
VERDICTS: dict[int, str] = {
    operator_pb2.VERDICT_CONFIRMED: "confirmed",
    operator_pb2.VERDICT_REJECTED: "rejected",
    operator_pb2.VERDICT_UNSURE: "unsure",
}
SIGNAL_HEADS = (
    "number", "device", "camera", "rule", "function", "captured_utc", "clock_error_ms",
    "delay_ms", "duration_ms", "outcome", "reviewer", "reviewed_utc",
)  # fmt: skip
INTERRUPTION_HEADS = (
    "number", "device", "camera", "kind", "began_utc", "clock_error_ms", "delay_ms", "duration_ms",
)  # fmt: skip
WEEK_HEADS = (
    "week", "signals", "confirmed", "rejected", "unsure", "unreviewed", "false_alarm_share",
)  # fmt: skip
Cell = str | int


class Provenance(NamedTuple):
    """What ties a register to this collector.

    authority: empty: no trust file is here. key_sha256: of the public key that signs, hexadecimal.
    audit_line, audit_head: the last line of the audit when it was made, and its hash.
    """

    authority: str
    made_utc_ms: int
    made_by: str
    key_sha256: str
    audit_line: int
    audit_head: str


def signal_cells(entry: Entry) -> tuple[Cell, ...]:
    """One signal as a row below SIGNAL_HEADS."""
    return (
        entry.number,
        entry.device,
        entry.camera,
        entry.rule,
        function_name(entry.function),
        moment(entry.captured_utc_ms),
        _known(entry.clock_error_ms),
        entry.delay_ms,
        _known(entry.duration_ms),
        VERDICTS.get(entry.verdict, "unreviewed"),
        entry.reviewer,
        moment(entry.reviewed_utc_ms),
    )


def interruption_cells(entry: Entry) -> tuple[Cell, ...]:
    """One interruption as a row below INTERRUPTION_HEADS."""
    return (
        entry.number,
        entry.device,
        entry.camera,
        function_name(entry.function),
        moment(entry.captured_utc_ms),
        _known(entry.clock_error_ms),
        entry.delay_ms,
        _known(entry.duration_ms),
    )


def week_cells(week: Week) -> tuple[Cell, ...]:
    """One week as a row below WEEK_HEADS."""
    share = NOTHING if week.false_share is None else f"{week.false_share:.4f}"
    outcomes = (week.confirmed, week.rejected, week.unsure, week.unreviewed)
    return (week.name, week.signals, *outcomes, share)


def write_csv(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """RFC 4180, UTF-8; what a spreadsheet would take for a formula stands behind an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return text.getvalue().encode()


def write_pdf(register: Register, made: Provenance) -> bytes:
    """The register for people, A4 across."""
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=landscape(A4),
        leftMargin=14 * mm,
        rightMargin=14 * mm,
        topMargin=14 * mm,
        bottomMargin=14 * mm,
        title="Register of signals",
        author=made.authority or "Vigie",
        invariant=1,
    )
    document.build(_story(register, made))
    return target.getvalue()


def moment(utc_ms: int | None) -> str:
    """ISO 8601 with milliseconds; empty for None."""
    if utc_ms is None:
        return NOTHING
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _story(register: Register, made: Provenance) -> list[Flowable]:
    styles = getSampleStyleSheet()
    story: list[Flowable] = [
        Paragraph("Register of signals", styles["Title"]),
        *(Paragraph(line, styles["Normal"]) for line in _preamble(register, made)),
    ]
    tables = (
        ("By week", WEEK_HEADS, [week_cells(each) for each in register.weeks]),
        ("Signals", SIGNAL_HEADS, [signal_cells(each) for each in register.signals]),
        (
            "Interruptions",
            INTERRUPTION_HEADS,
            [interruption_cells(each) for each in register.interruptions],
        ),
    )
    for title, heads, rows in tables:
        story += [Spacer(1, 6 * mm), Paragraph(title, styles["Heading2"])]
        story.append(_table(heads, rows) if rows else Paragraph("None.", styles["Normal"]))
        if len(rows) > MAX_PDF_ROWS:
            rest = f"{len(rows) - MAX_PDF_ROWS} more stand in the CSV file beside this page."
            story.append(Paragraph(rest, styles["Normal"]))
    return story


def _preamble(register: Register, made: Provenance) -> list[str]:
    return [
        f"Authority: {escape(made.authority) or 'not named (no trust file)'}",
        f"Period: {moment(register.from_utc_ms)} until before {moment(register.to_utc_ms)}",
        f"Made: {moment(made.made_utc_ms)} by {escape(made.made_by)}",
        f"{len(register.signals)} signals, {len(register.interruptions)} interruptions.",
        "Calibrations and reviewers' notes are no part of it.",
        f"Audit: line {made.audit_line}, hash {made.audit_head}",
        f"Signed with the register key {made.key_sha256}; VERIFY.txt says how to check it.",
        "False-alarm share: rejected among confirmed and rejected.",
        "Delay: from capture to the collector's disk. All times are UTC.",
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Flowable:
    shown = [list(heads), *([str(cell) for cell in row] for row in rows[:MAX_PDF_ROWS])]
    table = LongTable(shown, repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONTSIZE", (0, 0), (-1, -1), 6.5),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, HexColor(0xC0C8CC)),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    return table


def _known(value: int | None) -> Cell:
    return NOTHING if value is None else value


def _plain(cell: Cell) -> Cell:
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if is_formula else cell
