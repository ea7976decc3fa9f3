"""The local page: live pictures with zones drawn over them, the focus as a large number, and what
an examination found, with its signed report to save.
"""

from dataclasses import dataclass
from html import escape

from edge.doctor.drawing import WIDE
from edge.doctor.seeing import SHARP, SOFT

_STYLE = """
:root{color-scheme:light dark;--ink:#1c1c20;--paper:#fff;--edge:#b8b8c0;--quiet:#50505a;
--ok:#14602c;--warn:#7a4a00;--fail:#a3121f}
@media(prefers-color-scheme:dark){:root{--ink:#f0f0f4;--paper:#17171b;--edge:#50505a;
--quiet:#b0b0ba;--ok:#7fdc9a;--warn:#f0b860;--fail:#ff9aa2}}
body{font:17px/1.4 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0}
main{max-width:70rem;margin:0 auto;padding:.6rem 1rem}
header{display:flex;flex-wrap:wrap;gap:.6rem 1.5rem;align-items:center}
h1{font-size:1.25rem;margin:0}h2{font-size:1.1rem;margin:1.2rem 0 .3rem}
nav{display:flex;gap:.8rem;margin-left:auto}
button,.save{font:inherit;padding:.55rem 1.1rem;border:2px solid currentColor;border-radius:.4rem;
background:var(--paper);color:var(--ink);font-weight:600;text-decoration:none}
#close{color:var(--fail)}button:disabled{opacity:.45}
table{border-collapse:collapse;width:100%;margin:.6rem 0 1.4rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--edge)}
td.ok,td.warn,td.fail,td.skipped{font-weight:700;white-space:nowrap}.skipped{color:var(--quiet)}
.verdict{display:flex;flex-wrap:wrap;gap:.6rem 1.5rem;align-items:center;font-weight:700;
font-size:1.25rem;margin:.6rem 0}#state{font-weight:600;min-height:1.4em}
.view{position:relative;background:#000;border:1px solid var(--edge);line-height:0}
.view img{width:100%;height:auto;min-height:8rem}
.view svg{position:absolute;inset:0;width:100%;height:100%}
.figures{display:flex;flex-wrap:wrap;gap:.2rem 2rem;align-items:baseline;margin:.4rem 0}
.focus{font-size:4.5rem;font-weight:700;line-height:1;font-variant-numeric:tabular-nums;
min-width:3.2em}.ok{color:var(--ok)}.warn{color:var(--warn)}.fail{color:var(--fail)}
.quiet{color:var(--quiet)}
""".replace("\n", "")

_SCRIPT = """
'use strict';
const told = document.body.dataset;
const ends = Date.now() + told.seconds * 1000;
const sharp = +told.sharp, soft = +told.soft, state = document.getElementById('state');
const examine = document.getElementById('examine');
const silent = 'The pole does not answer.';
let isOpen = true, asked = 0;
function sayTime() {
  const left = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
  document.getElementById('left').textContent =
    Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
}
function close() {
  isOpen = false;
  state.textContent = 'The page is closed. Unplug the cable.';
  document.querySelectorAll('.camera').forEach(e => { e.hidden = true; });
}
function show(view, sight) {
  const focus = view.querySelector('.focus'), word = view.querySelector('.word');
  const exposure = view.querySelector('.exposure');
  if (!sight) {
    focus.textContent = '-'; focus.className = 'focus quiet';
    word.textContent = 'no picture comes'; exposure.textContent = ''; return;
  }
  const kind = sight.focus >= sharp ? 'ok' : sight.focus >= soft ? 'warn' : 'fail';
  focus.textContent = sight.focus; focus.className = 'focus ' + kind;
  word.textContent = {ok: 'sharp', warn: 'soft: turn the focus ring',
    fail: 'out of focus: turn the focus ring'}[kind];
  exposure.textContent = sight.dark + ' % black, ' + sight.bright + ' % white';
}
async function look() {
  if (!isOpen) return;
  try {
    const answer = await fetch('sight', {signal: AbortSignal.timeout(4000)});
    if (!answer.ok) throw new Error(answer.status);
    const {round, sights} = await answer.json();
    if (!isOpen) return;
    if (round !== +told.round) { location.reload(); return; }
    for (const view of document.querySelectorAll('.camera')) {
      const name = view.dataset.camera, image = view.querySelector('img');
      show(view, sights[name]);
      if (sights[name]) image.src = name + '.jpg?' + Date.now();
    }
    if (state.textContent === silent) state.textContent = '';
  } catch {
    if (!isOpen) return;
    if (asked) state.textContent = 'Examining the pole: walk through each zone. ' +
      Math.round((Date.now() - asked) / 1000) + ' s';
    else if (Date.now() >= ends) close();
    else state.textContent = silent;
  }
  setTimeout(look, 300);
}
examine.addEventListener('click', async () => {
  asked = Date.now(); examine.disabled = true;
  state.textContent = 'Examining the pole: walk through each zone.';
  await fetch('examine', {method: 'POST'}).catch(() => {});
});
document.getElementById('close').addEventListener('click', async () => {
  try { await fetch('close', {method: 'POST'}); close(); }
  catch { state.textContent = 'The pole did not hear it. Press again.'; }
});
sayTime(); setInterval(sayTime, 1000); look();
"""


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera of the page. svg: its places, for a picture of this aspect (height by width)."""

    camera: str
    svg: str
    aspect: float


@dataclass(frozen=True, slots=True)
class Result:
    """What an examination found. table: HTML, what was found; empty: `trouble` says why not.

    report: the signed page to save, under the name; empty: the pole signs none, trouble says why.
    """

    table: str = ""
    is_good: bool = False
    trouble: str = ""
    report: bytes = b""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows. round: how often the pole was examined so far."""

    device: str
    views: tuple[CameraView, ...]
    round: int = 0
    result: Result | None = None


def write_local_page(shown: Shown, seconds: int) -> bytes:
    """The page; its pictures and figures are asked for by its script. seconds: until it closes."""
    name = escape(shown.device)
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pole {name}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body data-seconds="{seconds}" data-round="{shown.round}" data-sharp="{SHARP}" \
data-soft="{SOFT}"><main>
<header><h1>Pole {name}</h1>
<p class="quiet">Closes in <span id="left"></span>. Nothing is detected or recorded meanwhile.</p>
<nav><button id="examine" type="button">Examine the pole</button>
<button id="close" type="button">Close the page</button></nav></header>
<p id="state" role="status"></p>
{_found(shown.result)}
{"".join(_section(view) for view in shown.views)}
</main><script>{_SCRIPT}</script></body></html>
"""
    return page.encode()


def _found(result: Result | None) -> str:
    if result is None:
        return ""
    trouble = f'<p class="fail">{escape(result.trouble)}</p>' if result.trouble else ""
    if not result.table:
        return trouble
    word, kind = ("accepted", "ok") if result.is_good else ("not accepted", "fail")
    save = ""
    if result.report:
        save = (
            f'<a class="save" href="report.html" download="{escape(result.name)}">'
            "Save the signed report</a>"
        )
    return f'<p class="verdict"><span class="{kind}">{word}</span>{save}</p>{trouble}{result.table}'


def _section(view: CameraView) -> str:
    name, tall = escape(view.camera), round(WIDE * view.aspect)
    return (
        f'<section class="camera" data-camera="{name}"><h2>Camera {name}</h2>'
        f'<div class="figures"><span class="focus">-</span><span><strong class="word"></strong>'
        f'<br><span class="quiet">focus, sharp from {SHARP}</span></span>'
        f'<span class="exposure quiet"></span></div>'
        f'<div class="view"><img alt="What camera {name} sees now, masked" width="{WIDE}" '
        f'height="{tall}"><svg viewBox="0 0 {WIDE} {tall}" preserveAspectRatio="none" '
        f'aria-hidden="true">{view.svg}</svg></div></section>'
    )
