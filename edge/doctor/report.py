"""The report: one HTML page that needs nothing else, and no picture of the street.

Zones and the people that would stand in them are drawn as lines. What a camera sees stays on the
pole.
"""

from collections.abc import Iterable
from html import escape
from typing import Final

from edge.doctor.drawing import DEFAULT_ASPECT, WIDE, draw_places
from edge.doctor.examination import Examined
from edge.doctor.facts import CameraFacts
from edge.doctor.finding import Finding, Verdict, is_accepted
from edge.doctor.heights import PERSON_METRES, fit_ground

WORDS: Final = {
    Verdict.OK: "OK",
    Verdict.WARN: "WARN",
    Verdict.FAIL: "FAIL",
    Verdict.SKIPPED: "SKIPPED",
}
_STYLE = """
:root{color-scheme:light}
body{font:16px/1.45 system-ui,sans-serif;color:#1c1c20;background:#fff;margin:2rem auto;
max-width:62rem;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.3rem 0}.verdict{font-size:1.3rem;font-weight:700;margin:1rem 0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid #d8d8de}
td.ok,td.warn,td.fail,td.skipped{font-weight:700;white-space:nowrap}
.ok{color:#14602c}.warn{color:#7a4a00}.fail{color:#a3121f}.skipped{color:#55555e}
svg{width:100%;height:auto;border:1px solid #b8b8c0;background:#f4f4f6}
.remedy{color:#33333a}footer{margin:2.5rem 0;color:#55555e;font-size:.9rem}
@media print{body{margin:0}}
""".replace("\n", "")


def write_page(examined: Examined) -> bytes:
    """The page, without its seal."""
    facts = examined.facts
    name = facts.device or "a pole that is not enrolled"
    verdict = "accepted" if is_accepted(examined.findings) else "not accepted"
    colour = "ok" if is_accepted(examined.findings) else "fail"
    drawings = "\n".join(_drawing(each) for each in facts.cameras)
    made = facts.made.strftime("%Y-%m-%d %H:%M:%S UTC")
    still = "A still was kept on the pole; it is not in this page." if examined.still else ""
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Acceptance of {escape(name)}</title><style>{_STYLE}</style></head><body><main>
<h1>Acceptance of {escape(name)}</h1>
<p>{escape(facts.site.site.name)}, {made}, vigie {escape(facts.software.version)}</p>
<p class="verdict {colour}">{verdict}</p>
{write_table(examined.findings)}
{drawings}
<footer><p>Signed by the pole's evidence key. Check it with: vigie doctor verify FILE --device-keys
LIST --trust trust.json</p><p>{still}</p></footer>
</main></body></html>
"""
    return page.encode()


def write_table(findings: Iterable[Finding]) -> str:
    """All findings, in HTML."""
    rows = "\n".join(_row(each) for each in findings)
    return (
        '<table><thead><tr><th scope="col">check</th><th scope="col">verdict</th>\n'
        '<th scope="col">measured</th><th scope="col">what to do</th></tr></thead><tbody>\n'
        f"{rows}\n</tbody></table>"
    )


def _row(found: Finding) -> str:
    subject = f" · {escape(found.subject)}" if found.subject else ""
    return (
        f'<tr><th scope="row">{escape(found.check)}{subject}</th>'
        f'<td class="{found.verdict.value}">{WORDS[found.verdict]}</td>'
        f'<td>{escape(found.measured)}</td><td class="remedy">{escape(found.remedy)}</td></tr>'
    )


def _drawing(facts: CameraFacts) -> str:
    """The camera's zones and lines, and a person at three places of each zone."""
    look = facts.look
    aspect = look.height_px / look.width_px if look is not None and look.width_px else None
    tall = round(WIDE * (aspect or DEFAULT_ASPECT))
    said = "its zones and lines"
    if fit_ground(facts.camera.person_heights) is not None:
        said += f", and how tall a person of {PERSON_METRES} m is in each zone"
    name = escape(facts.camera.name)
    return (
        f"<h2>Camera {name}</h2><p>{said[0].upper()}{said[1:]}.</p>"
        f'<svg viewBox="0 0 {WIDE} {tall}" role="img" aria-label="Camera {name}: {said}">'
        f"{draw_places(facts.site, facts.camera, tall / WIDE)}</svg>"
    )
