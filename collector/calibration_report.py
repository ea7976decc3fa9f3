"""A calibration on one page for people: what each rule signalled, how much of it was right, when.

Plain HTML with drawings inside and nothing from elsewhere, so that it can be filed and printed.
Pictures are no part of it: whoever needs one asks for a clip, with a reason.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from html import escape

from collector.calibrations import RuleSeen
from edge.wire.names import function_name
from edge.wire.v1 import operator_pb2

NONE = "-"
_BAR_PX, _HEIGHT_PX = 20, 90
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
  color: #14212a; }
h1 { margin-bottom: 0; } section { margin-top: 2.2em; break-inside: avoid; }
table { border-collapse: collapse; } th, td { padding: .3em .9em .3em 0; text-align: left;
  border-bottom: 1px solid #d9dfe2; } td.num, th.num { text-align: right; }
svg { display: block; margin-top: .8em; } .dim { color: #55656f; }
rect { fill: #0b6b66; } text { font: 10px system-ui, sans-serif; fill: #55656f; }
"""
_LIGHT = (
    "Light is not part of what poles send, so the hour of the day stands for it: in a given season "
    "it tells day from night, not a lamp that failed."
)
_RATE = (
    "The rate counts the hours from a rule's first signal to its last. Silence before and after is "
    "not counted, and below one hour no rate is said."
)


def write_report(rules: Sequence[RuleSeen], made_utc_ms: int, zone: tzinfo = UTC) -> str:
    """The page. zone: of the hours that it shows."""
    made = datetime.fromtimestamp(made_utc_ms / 1000, zone)
    body = "".join(_section(rule, zone) for rule in rules) or "<p>No calibration saw anything.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Calibration report</title><style>{_STYLE}</style></head><body>"
        f'<h1>Calibration report</h1><p class="dim">Made {made:%Y-%m-%d %H:%M %Z}. No pictures. '
        "Nothing was learned from these signals by any machine.</p>"
        f"{_table(rules)}<p>{_RATE}</p><p>{_LIGHT}</p>{body}</body></html>\n"
    )


def _table(rules: Sequence[RuleSeen]) -> str:
    names = ("pole", "camera", "rule", "function")
    counts = ("signals", "per hour", "reviewed", "confirmed", "rejected", "unsure", "false share")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    head += "".join(f'<th scope="col" class="num">{name}</th>' for name in counts)
    rows = "".join(f"<tr>{_cells(rule)}</tr>" for rule in rules)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(rule: RuleSeen) -> str:
    counts = rule.count_verdicts()
    confirmed = counts.get(operator_pb2.VERDICT_CONFIRMED, 0)
    rejected = counts.get(operator_pb2.VERDICT_REJECTED, 0)
    unsure = counts.get(operator_pb2.VERDICT_UNSURE, 0)
    decided = confirmed + rejected
    rate = NONE if rule.rate_per_hour is None else f"{rule.rate_per_hour:.2f}"
    share = f"{rejected / decided:.0%}" if decided else NONE
    names = (rule.device, rule.camera, rule.rule, function_name(rule.function))
    figures = (len(rule.signals), rate, decided + unsure, confirmed, rejected, unsure, share)
    return "".join(f"<td>{escape(each)}</td>" for each in names) + "".join(
        f'<td class="num">{each}</td>' for each in figures
    )


def _section(rule: RuleSeen, zone: tzinfo) -> str:
    first, last = (
        datetime.fromtimestamp(seen.captured_utc_ms / 1000, zone)
        for seen in (rule.signals[0], rule.signals[-1])
    )
    title = escape(f"{rule.rule}, camera {rule.camera} of {rule.device}")
    return (
        f"<section><h2>{title}</h2>"
        f'<p class="dim">{len(rule.signals)} signals from {first:%Y-%m-%d %H:%M} to '
        f"{last:%Y-%m-%d %H:%M %Z}, by hour of the day</p>"
        f"{_plot(rule.count_by_hour(zone), title)}</section>"
    )


def _plot(counts: Sequence[int], title: str) -> str:
    most = max(counts)
    bars = []
    for hour, count in enumerate(counts):
        height = round(_HEIGHT_PX * count / most) if most else 0
        left, top = hour * _BAR_PX, _HEIGHT_PX - height + 12
        bars.append(f'<rect x="{left + 2}" y="{top}" width="{_BAR_PX - 4}" height="{height}"/>')
        bars.append(f'<text x="{left + 5}" y="{_HEIGHT_PX + 26}">{hour:02}</text>')
        if count:
            bars.append(f'<text x="{left + 4}" y="{top - 3}">{count}</text>')
    width = 24 * _BAR_PX
    return (
        f'<svg viewBox="0 0 {width} {_HEIGHT_PX + 32}" width="{width}" role="img" '
        f'aria-label="Signals of {title} by hour of the day">{"".join(bars)}</svg>'
    )
