"""The public notice beside a camera: who, why, where, until when, which rights; with a QR code.

One HTML file without anything from outside, for A4 and for a telephone. Every text in it is
escaped: it comes from a statement, not from us.
"""

from html import escape

import segno

from edge.mandate.languages import Words
from edge.mandate.page import (
    Section,
    function_words,
    identity_line,
    mandate_sections,
    term_lines,
    video_line,
    window_lines,
)
from edge.mandate.statement import Mandate

_STYLE = """
@page { size: A4; margin: 14mm }
* { box-sizing: border-box }
body { font: 17px/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 46rem;
  margin: 0 auto; padding: 1.2rem }
header { display: flex; gap: 1.2rem; align-items: center; border-bottom: 5px solid #0b3d91;
  padding-bottom: .9rem }
header svg.camera { flex: none; width: 84px; height: 84px }
h1 { font-size: clamp(1.25rem, 5.5vw, 1.75rem); line-height: 1.15; margin: 0 }
.authority { font-size: 1.2rem; margin: .25rem 0 0 }
.bench { background: #b00020; color: #fff; font-weight: 700; padding: .6rem .8rem; margin: 1rem 0 }
h2 { font-size: .95rem; text-transform: uppercase; letter-spacing: .05em; color: #0b3d91;
  margin: 1.1rem 0 .15rem }
p, ul { margin: .1rem 0 }
ul { padding-left: 1.2rem }
.identity { font-weight: 700 }
footer { display: flex; gap: 1.2rem; align-items: center; margin-top: 1.3rem; padding-top: .9rem;
  border-top: 1px solid #767676; font-size: .85rem; overflow-wrap: anywhere }
footer svg { flex: none; width: 132px; height: 132px }
@media print { body { font-size: 14px; padding: 0 } h2 { margin-top: .8rem } }
"""
_CAMERA = (
    '<svg class="camera" viewBox="0 0 48 48" role="img" aria-hidden="true">'
    '<rect width="48" height="48" rx="6" fill="#0b3d91"/>'
    '<path fill="#fff" d="M6 13l27 7v9l-27-7zM35 21l7 2v6l-7-2zM12 26l3 1v7h8v4H12z"/></svg>'
)


def notice_page(mandate: Mandate, words: Words, *, address: str = "") -> str:
    """The notice as HTML. address: where it can be read on the web; empty: the code names the
    mandate and whom to ask.
    """
    told = address or f"{mandate.authority}\n{mandate.contact}\nmandate sha256:{mandate.sha256}"
    code = segno.make(told, error="m").svg_inline(scale=4, border=2, title=words.qr)
    bench = f'<p class="bench">{escape(words.bench)}</p>' if mandate.profile.watermark else ""
    parts = "\n".join(_section(section) for section in _sections(mandate, words))
    reference = words.mandate.format(version=mandate.version)
    return f"""<!doctype html>
<html lang="{words.code}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(words.notice_title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>{_CAMERA}<div><h1>{escape(words.notice_title)}</h1>
<p class="authority">{escape(mandate.authority)}</p></div></header>
<main>
{bench}
{parts}
</main>
<footer>{code}<div><p>{escape(words.qr)}</p><p>{escape(address)}</p>
<p>{escape(reference)}<br>sha256 {mandate.sha256}</p></div></footer>
</body>
</html>
"""


def _sections(mandate: Mandate, words: Words) -> tuple[Section, ...]:
    """Of the whole page what a passer-by wants to know."""
    known = {section.heading: section for section in mandate_sections(mandate, words)}
    named = frozenset(
        name for each in mandate.cameras for place in each.places for name in place.functions
    )
    looked_for = function_words(named, words) or (words.nothing_computed,)
    return (
        known[words.why],
        Section(words.basis, (mandate.legal_basis,)),
        Section(words.where, (mandate.place,)),
        Section(words.notice_what, looked_for),
        Section("", (identity_line(mandate, words),)),
        Section(words.when, window_lines(mandate, words)),
        Section(words.until, term_lines(mandate, words)),
        Section(words.video, (video_line(mandate, words),)),
        Section(words.rights, (words.rights_text,)),
        Section(words.contact, (mandate.contact,)),
    )


def _section(section: Section) -> str:
    if not section.heading:
        return f'<p class="identity">{escape(section.lines[0])}</p>'
    heading = f"<h2>{escape(section.heading)}</h2>"
    if len(section.lines) == 1:
        return f"<section>{heading}<p>{escape(section.lines[0])}</p></section>"
    items = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
    return f"<section>{heading}<ul>{items}</ul></section>"
