"""One size from its beginning, or from where it was stopped, to the recipe's last step.

Needs torch, numpy and OpenCV alone, and two files: the shelf and the weights to begin with. Run as
a program (`python -m tools.training.course`) it is what a packed folder starts.
"""

import argparse
import copy
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole
from tools.training import checkpoint
from tools.training.batches import Steps
from tools.training.beginning import begin, look, read_net, read_weights
from tools.training.blending import blend
from tools.training.classes import CLASSES
from tools.training.compose import make_composer
from tools.training.holdout import show
from tools.training.loop import Place, Run
from tools.training.manifest import Manifest, Recipe, read_manifest
from tools.training.net import Net
from tools.training.recovery import recover
from tools.training.shelf import read_shelf
from tools.training.start import restore_norms
from tools.training.wiring import PUBLISHED, make_plan

SHELF, WEIGHTS, MANIFEST = "shelf.npz", "begin.npz", "street.toml"
# In the folder of a run that was brought back: the file that it was brought back from.
SHIPPED = "shipped.tflite"
# What a blended run's folder is called after the one that it was made of.
BLENDED = "-blended"
# So many batches, as the recipe composes them, tell the statistics of a blended net's values.
BLEND_BATCHES = 24
LINE_EVERY_SECONDS = 20.0
Report = Callable[[int, int | None], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """What is trained where. Left out (None), batch and steps are the manifest's.

    work: the folder with the two files; below it, `runs/NAME` holds checkpoints and log.
    guide: `SIZE:RUN` of a finished run whose answers it follows.
    """

    size: str
    work: Path
    name: str
    workers: int = 0
    threads: int = 1
    batch: int | None = None
    steps: int | None = None
    seed: int | None = None
    guide: str | None = None


def train(course: Course, manifest: Manifest, report: Report) -> Run:
    """Run it. Raises: VigieError when a file is missing or damaged."""
    torch.set_num_threads(course.threads)
    cv2.setNumThreads(1)
    recipe = _recipe_of(course, manifest.recipe)
    torch.manual_seed(recipe.seed)
    items = read_shelf(course.work / SHELF)
    size = manifest.size(course.size)
    steps = Steps(make_composer(items, manifest.augmentation), recipe, size)
    guide = _read_guide(course, manifest)
    net = begin(size, read_weights(course.work / WEIGHTS), steps, guide)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    place = Place(course.work / "runs" / course.name, device, course.workers)
    begun = copy.deepcopy(net) if recipe.others_weight and guide is None else None
    run = Run(net, guide, recipe, place, begun)
    run.go(steps, show(items), report)
    return run


def blend_finished(course: Course, manifest: Manifest, report: Report) -> Path:
    """Lay a run's best net together with the published one, and with its guide if it had one.

    Returns the folder of the new run.

    Raises: VigieError when a file is missing or damaged, FAILED_PRECONDITION for a size that did
    not begin as published.
    """
    size = manifest.size(course.size)
    if size.stages != PUBLISHED:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"{size.name} did not begin as published, so there is nothing to lay it together with",
        )
    torch.set_num_threads(course.threads)
    recipe = _recipe_of(course, manifest.recipe)
    runs = course.work / "runs"
    finished, guide = read_net(runs / course.name, size), _read_guide(course, manifest)
    items = read_shelf(course.work / SHELF)
    steps = Steps(make_composer(items, manifest.augmentation), recipe, size)
    begun = begin(size, read_weights(course.work / WEIGHTS), steps, None)
    pictures, count = [], min(BLEND_BATCHES, len(steps))
    for number in range(count):
        pictures.append(steps[number].to(torch.device("cpu"))[0])
        report(number + 1, count)
    shares = manifest.blending
    if guide is None:
        parts = [(finished, shares.finished_share), (begun, 1 - shares.finished_share)]
    else:
        own, guides = shares.guided_shares
        parts = [(finished, own), (guide, guides), (begun, 1 - own - guides)]
    net = blend(parts, pictures)
    return _keep_best(runs / (course.name + BLENDED), net)


def recover_shipped(course: Course, manifest: Manifest, content: bytes) -> Path:
    """Make a run of a shipped int8 file, which then may be a guide; its folder.

    Raises: VigieError when a file is missing, damaged or of another size.
    """
    size = manifest.size(course.size)
    torch.set_num_threads(course.threads)
    recipe = _recipe_of(course, manifest.recipe)
    steps = Steps(
        make_composer(read_shelf(course.work / SHELF), manifest.augmentation), recipe, size
    )
    plain = recover(content, make_plan(size.stages, len(CLASSES)))
    net = Net(plain.plan)
    restore_norms(plain, net, look(steps))
    folder = _keep_best(course.work / "runs" / course.name, net)
    write_whole(folder / SHIPPED, content, mode=0o644)
    return folder


def _keep_best(folder: Path, net: Net) -> Path:
    weights = net.state_dict()
    checkpoint.save(folder / checkpoint.BEST, checkpoint.Standing(0, weights, weights, {}, 0.0))
    return folder


def read_finished(course: Course, manifest: Manifest) -> Net:
    """The best net of a run. Raises: VigieError."""
    return read_net(course.work / "runs" / course.name, manifest.size(course.size))


def read_shipped(course: Course) -> bytes | None:
    """The file that a run was brought back from; None: it was trained."""
    path = course.work / "runs" / course.name / SHIPPED
    return path.read_bytes() if path.is_file() else None


def _recipe_of(course: Course, recipe: Recipe) -> Recipe:
    asked = {"batch": course.batch, "steps": course.steps, "seed": course.seed}
    return dataclasses.replace(
        recipe, **{name: value for name, value in asked.items() if value is not None}
    )


def _read_guide(course: Course, manifest: Manifest) -> Net | None:
    if course.guide is None:
        return None
    size, _, run = course.guide.partition(":")
    return read_net(course.work / "runs" / run, manifest.size(size))


def add_options(parser: argparse.ArgumentParser) -> None:
    """What a run may be told on the command line."""
    parser.add_argument("--size", default="street-s")
    parser.add_argument("--name", default="first", help="of the run's folder")
    parser.add_argument("--workers", type=int, default=0, help="processes that compose pictures")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--guide", help="SIZE:RUN of a finished run whose answers it follows")
    for number in ("--batch", "--steps", "--seed"):
        parser.add_argument(number, type=int, help="instead of the manifest's")


def read_course(asked: argparse.Namespace) -> Course:
    """From the command line."""
    names = [field.name for field in dataclasses.fields(Course)]
    return Course(**{name: getattr(asked, name) for name in names})


def main() -> None:
    """The packed folder's program: everything lies in the folder it is started in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path())
    add_options(parser)
    asked = parser.parse_args()
    try:
        train(read_course(asked), read_manifest(asked.work / MANIFEST), _lines())
    except VigieError as failed:
        print(f"vigie: {failed}", file=sys.stderr)
        raise SystemExit(failed.exit_code) from failed


def _lines() -> Report:
    """A line now and then."""
    begun = shown = time.monotonic()

    def report(done: int, total: int | None) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= LINE_EVERY_SECONDS or done == total:
            shown = now
            print(f"step {done} of {total}, {now - begun:.0f} s", file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    main()
