"""The page of an evaluation: curves, tables, and crops of the worst that each detector did.

It shows other people's pictures, so it stays on the machine where it was made.
"""

import base64
import html
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.whole_file import write_whole
from tools.evaluation.detection import GROUP_NUMBERS, Looked
from tools.evaluation.drawing import Curve, draw_curves, draw_legend
from tools.evaluation.layout import Picture, PictureSet
from tools.evaluation.matching import Mark, Matched, match
from tools.evaluation.report import tables
from tools.evaluation.seeing import EyeResult, GroupResult, boxed_groups

# Heights in pixels: a point of the curve lies in the middle of two.
HEIGHTS_PX = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
# Fewer true boxes than this make a point that says nothing.
BOXES_AT_LEAST = 8
# Crops shown of each kind, and of one picture at most so many, so that one does not fill the row.
CROPS, CROPS_OF_ONE = 12, 2
CROP_PX = 128
# Room around a box in a crop, in sides of the box, and the least in pixels.
AROUND, AROUND_MIN_PX = 0.75, 16.0
JPEG_QUALITY = 80
WORST = (
    "The largest things that were not found, and the false boxes with the highest scores; at most "
    "two of one picture. Many a false box is a thing that its publisher did not box."
)
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:76rem;padding:0 1rem;
color:#1b1f23;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem;border-top:1px solid #d0d7de;
padding-top:1rem}h3{font-size:1rem;margin:1.2rem 0 .4rem}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
svg{width:100%;height:auto}svg text{font-size:10px;fill:#444}svg .title{font-size:12px;
font-weight:600;text-anchor:middle}svg .x{text-anchor:middle}svg .y{text-anchor:end}
.grid{stroke:#e3e6e8}.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;
padding:0}.legend span{display:inline-block;width:1.4rem;height:.25rem;margin-right:.4rem;
vertical-align:middle}
.crops{display:flex;flex-wrap:wrap;gap:.6rem}figure{margin:0;width:128px}figure img{width:128px;
height:128px;object-fit:contain;background:#eef0f2}figcaption{font-size:11px;color:#555}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}td,th{padding:.2rem .6rem;
border-bottom:1px solid #e3e6e8;text-align:left;white-space:nowrap}
td:nth-child(n+4){font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){body{background:#14181c;color:#e6e8ea}svg text{fill:#aaa}
.grid{stroke:#333a41}td,th{border-color:#333a41}figcaption{color:#9aa}figure img{background:#222}}
"""


def write_page(place: Path, results: Sequence[EyeResult], sets: Sequence[PictureSet]) -> None:
    """One HTML file with everything in it; nothing is fetched by it."""
    names = [one.name for one in results]
    legend = draw_legend(names)
    body = [
        "<h1>What the detectors see and miss</h1>",
        "<p>Other people's pictures: for this machine only.</p>",
        "<h2>Precision and recall, all sets that boxed a group, IoU .5</h2>",
        legend,
        f'<div class="curves">{"".join(_precision(results))}</div>',
        "<h2>Recall against height in pixels, at the score of service</h2>",
        legend,
        f'<div class="curves">{"".join(_recall(results, sets))}</div>',
        "<h2>Tables</h2>",
        *(f"<p>{html.escape(title)}</p>{_table(*table)}" for title, table in tables(results)),
        "<h2>Worst misses and worst false boxes</h2>",
        f"<p>{WORST}</p>",
        *_worst(results, sets),
    ]
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Evaluation</title><style>{STYLE}</style></head><body>{''.join(body)}</body></html>"
    )
    write_whole(place.absolute(), text.encode(), mode=0o600, folder_mode=0o755)


def _precision(results: Sequence[EyeResult]) -> Iterator[str]:
    ticks = [(tenth / 10, f"{tenth / 10:.1f}") for tenth in range(0, 11, 2)]
    for place, first in enumerate(results[0].pooled):
        whole = first.scores[0]
        curves = [Curve(one.name, _points(one.pooled[place])) for one in results]
        title = f"{whole.group}, {whole.boxes} boxes"
        yield draw_curves(title, "recall", "precision", ticks, curves)


def _points(pooled: GroupResult) -> tuple[tuple[float, float], ...]:
    precisions = pooled.scores[0].precisions
    return tuple((place / 100, value) for place, value in enumerate(precisions) if value > 0)


def _recall(results: Sequence[EyeResult], sets: Sequence[PictureSet]) -> Iterator[str]:
    ticks = [(float(np.log2(height)), str(height)) for height in HEIGHTS_PX[::2]]
    for group in GROUP_NUMBERS:
        curves = []
        for one in results:
            matched = match(_boxed(one.looked, sets, group), group, one.score_min)
            points = tuple(_by_height(matched))
            curves.append(Curve(one.name, points))
        if any(curve.points for curve in curves):
            yield draw_curves(group, "height in pixels", "recall", ticks, curves)


def _by_height(matched: Matched) -> Iterator[tuple[float, float]]:
    for low, high in itertools.pairwise(HEIGHTS_PX):
        mine = (matched.heights_px >= low) & (matched.heights_px < high)
        if mine.sum() >= BOXES_AT_LEAST:
            yield float(np.log2(low * high) / 2), float(matched.is_found[mine].mean())


def _boxed(looked: Sequence[Looked], sets: Sequence[PictureSet], group: str) -> list[Looked]:
    boxed = {one.name for one in sets if group in boxed_groups(one)}
    return [one for one in looked if one.picture_set in boxed]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{html.escape(word)}</th>" for word in headings)
    lines = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{lines}</table></div>'


def _worst(results: Sequence[EyeResult], sets: Sequence[PictureSet]) -> Iterator[str]:
    chosen: list[tuple[str, str, list[Mark]]] = []
    for one in results:
        for group in GROUP_NUMBERS:
            matched = match(_boxed(one.looked, sets, group), group, one.score_min)
            misses = sorted(matched.misses, key=lambda mark: -mark.height_px)
            false = sorted(matched.false, key=lambda mark: -mark.score)
            chosen.append((one.name, f"{group}: missed", _few(misses)))
            chosen.append((one.name, f"{group}: false", _few(false)))
    crops = _cut_out([mark for _, _, marks in chosen for mark in marks], sets)
    named = ""
    for name, what, marks in chosen:
        if not marks:
            continue
        if name != named:
            yield f"<h3>{html.escape(name)}</h3>"
            named = name
        figures = "".join(_figure(mark, crops[id(mark)]) for mark in marks)
        yield f'<p>{html.escape(what)}</p><div class="crops">{figures}</div>'


def _few(marks: Sequence[Mark]) -> list[Mark]:
    of_one: defaultdict[tuple[str, int], int] = defaultdict(int)
    few: list[Mark] = []
    for mark in marks:
        key = mark.looked.picture_set, mark.looked.number
        of_one[key] += 1
        if of_one[key] <= CROPS_OF_ONE and len(few) < CROPS:
            few.append(mark)
    return few


def _figure(mark: Mark, jpeg: bytes) -> str:
    coded = base64.b64encode(jpeg).decode()
    score = f", score {mark.score:.2f}" if mark.score else ""
    words = f"{mark.looked.picture_set} {mark.looked.number}: {mark.height_px:.0f} px{score}"
    return (
        f'<figure><img alt="" src="data:image/jpeg;base64,{coded}">'
        f"<figcaption>{html.escape(words)}</figcaption></figure>"
    )


def _cut_out(marks: Sequence[Mark], sets: Sequence[PictureSet]) -> dict[int, bytes]:
    """A JPEG for each mark, by its identity; every set is read once."""
    wanted: defaultdict[tuple[str, int], list[Mark]] = defaultdict(list)
    for mark in marks:
        wanted[mark.looked.picture_set, mark.looked.number].append(mark)
    crops = {}
    for pictures in sets:
        if any(name == pictures.name for name, _ in wanted):
            for number, image in enumerate(pictures.images()):
                for mark in wanted.get((pictures.name, number), ()):
                    crops[id(mark)] = _crop(image, mark)
    return crops


def _crop(image: Picture, mark: Mark) -> bytes:
    left, top, right, bottom = mark.corners
    around = max(AROUND * max(right - left, bottom - top), AROUND_MIN_PX)
    height, width = image.shape[:2]
    x0, y0 = int(max(left - around, 0)), int(max(top - around, 0))
    x1, y1 = int(min(right + around, width)) + 1, int(min(bottom + around, height)) + 1
    part = cv2.cvtColor(np.ascontiguousarray(image[y0:y1, x0:x1]), cv2.COLOR_RGB2BGR)
    scale = CROP_PX / max(part.shape[:2])
    part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    origin = (x0, y0) * 2
    corners = [
        round((edge - start) * scale) for edge, start in zip(mark.corners, origin, strict=True)
    ]
    colour = (0, 80, 230) if mark.score else (0, 200, 255)
    cv2.rectangle(part, tuple(corners[:2]), tuple(corners[2:]), colour, 1)
    _, stored = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return stored.tobytes()
