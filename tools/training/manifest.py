"""The training manifest: which pictures, which teachers, which recipe. Read strictly."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError
from tools.training.classes import CLASSES, FAMILY_NAMES
from tools.training.tables import read_table, refuse

VERSION = 1
TEACHER_KINDS = ("yolox", "crossroad")
STRIDE_PX = 32
# Stages of a size, and what each one's channels are a multiple of, as vector units like them.
STAGES, CHANNELS = 4, 8


@dataclass(frozen=True, slots=True)
class PictureSource:
    """One set of pictures.

    folder: below the data folder's `train/`. boxed: the classes its publisher boxed. is_exhaustive:
    what is not boxed of these classes is not there; else a teacher's box there is ignored, not
    taken for background. strength: of the licence's chain (A, B), as in the data's own notes.
    share: how often its pictures are drawn beside those of share 1. confirmed_min: a picture is
    left out when teachers find a smaller part of its boxes (0: none is), which is how pictures show
    that their publisher turned them on their heads.
    """

    name: str
    folder: str
    licence: str
    strength: str
    credit: str
    boxed: tuple[str, ...]
    share: float
    is_exhaustive: bool = False
    holdout_every: int = 0
    confirmed_min: float = 0.0

    @property
    def boxed_classes(self) -> frozenset[int]:
        """The boxed classes by number."""
        return frozenset(CLASSES.index(word) for word in self.boxed)


@dataclass(frozen=True, slots=True)
class TeacherSource:
    """One teacher and how far its scores are trusted.

    files: name to sha256, in the models folder; the first is the one that is loaded. trust: by
    family, what a score is multiplied with before scores are put together; 0 is not asked.
    """

    name: str
    kind: str
    licence: str
    side_px: int
    files: dict[str, str]
    trust: dict[str, float]
    is_tiled: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """When the teachers' joint confidence makes a label, a region to ignore, or nothing."""

    overlap_min: float
    label_min: float
    ignore_min: float


@dataclass(frozen=True, slots=True)
class Size:
    """One detector of the family.

    stages: channels at strides 4, 8, 16 and 32, multiples of 8; YOLOX-nano has 32, 64, 128, 256.
    ships: (width, height) of the file that ships, pixels. shapes: those drawn from in training.
    sure: where it differs from the manifest's; None: nowhere.
    """

    name: str
    stages: tuple[int, ...]
    ships: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    sure: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how it learns; a step is one batch.

    follow_weight: how much it answers to a finished net of another size, where it is given one.
    keep_every_steps: a checkpoint and a line of the holdout. others_weight: how much it learns
    that a thing is none of its classes where the weights that it began with see such a thing.
    """

    seed: int
    steps: int
    batch: int
    learning_rate: float
    final_rate: float
    warmup_steps: int
    weight_decay: float
    average_decay: float
    follow_weight: float
    keep_every_steps: int
    others_weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Blending:
    """How much of a finished net goes into what ships, 0 to 1; the rest is the published one.

    guided_shares: of a net that had a guide of its own size, and of that guide.
    """

    finished_share: float
    guided_shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a net that is finished learns to answer as before when it is written as int8.

    steps: of a few pictures; 0: not at all. times: as many pictures as its bounds need.
    """

    steps: int
    times: int


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How often each change is made, 0 to 1.

    scenes: share of drawn street scenes; empty: of pictures of nothing. decoys: drawn upright
    things that are nobody are laid in.
    """

    mosaic: float
    zoom_min: float
    zoom_max: float
    paste: float
    flip: float
    shear: float
    night: float
    rain: float
    haze: float
    glare: float
    blur: float
    noise: float
    jpeg: float
    colour: float
    scenes: float
    empty: float = 0.0
    decoys: float = 0.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a run is made of.

    sure: by family, how often what is reported at the tracker's bound must be right, 0 to 1.
    """

    version: int
    sets: tuple[PictureSource, ...]
    teachers: tuple[TeacherSource, ...]
    agreement: Agreement
    sizes: tuple[Size, ...]
    recipe: Recipe
    blending: Blending
    rounding: Rounding
    augmentation: Augmentation
    sure: dict[str, float]

    def sure_of(self, size: Size) -> dict[str, float]:
        """By family, how often what a size reports must be right."""
        return self.sure | (size.sure or {})

    def size(self, name: str) -> Size:
        """One size by its name. Raises: VigieError NOT_FOUND."""
        for one in self.sizes:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.sizes)
        raise VigieError(Kind.NOT_FOUND, f"there is no size '{name}'; there are {known}")


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises: VigieError NOT_FOUND without the file, INVALID_ARGUMENT for anything wrong in it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise VigieError(
            Kind.NOT_FOUND, "there is no training manifest", where=str(path)
        ) from missing
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        refuse(str(path), f"the manifest is not valid TOML: {broken}")
    manifest = read_table(Manifest, content, path.name)
    _check(manifest, path.name)
    return manifest


def _check(manifest: Manifest, place: str) -> None:
    if manifest.version != VERSION:
        refuse(place, f"version is {manifest.version}, and this reads version {VERSION}")
    for named in (manifest.sets, manifest.teachers, manifest.sizes):
        names = [one.name for one in named]
        if not names or len(set(names)) != len(names):
            refuse(place, f"names must be there and differ: {', '.join(names) or 'none'}")
    for one in manifest.sets:
        _check_set(one, f"{place}.sets.{one.name}")
    for teacher in manifest.teachers:
        _check_teacher(teacher, f"{place}.teachers.{teacher.name}")
    for size in manifest.sizes:
        _check_size(size, f"{place}.sizes.{size.name}")
        _check_sure(manifest.sure_of(size), f"{place}.sizes.{size.name}.sure")
    _check_making(manifest.blending, manifest.rounding, place)
    _check_sure(manifest.sure, f"{place}.sure")
    if not 0 <= manifest.agreement.ignore_min <= manifest.agreement.label_min <= 1:
        refuse(f"{place}.agreement", "0 <= ignore_min <= label_min <= 1 does not hold")


def _check_making(blending: Blending, rounding: Rounding, place: str) -> None:
    if not 0 < blending.finished_share <= 1:
        refuse(f"{place}.blending", "0 < finished_share <= 1 does not hold")
    guided = blending.guided_shares
    if len(guided) != 2 or not all(0 < one < 1 for one in guided) or sum(guided) > 1:
        refuse(f"{place}.blending", "guided_shares are no two above 0 and together 1 at most")
    if rounding.steps < 0 or rounding.times < 1:
        refuse(f"{place}.rounding", "steps >= 0 and times >= 1 do not hold")


def _check_sure(sure: dict[str, float], place: str) -> None:
    if set(sure) != set(FAMILY_NAMES) or not all(0 < one < 1 for one in sure.values()):
        refuse(place, f"must say a share, above 0 and below 1, of each: {', '.join(FAMILY_NAMES)}")


def _check_set(one: PictureSource, place: str) -> None:
    unknown = [word for word in one.boxed if word not in CLASSES]
    if unknown:
        refuse(place, f"boxed names no class: {', '.join(unknown)}")
    if "eval" in Path(one.folder).parts or ".." in Path(one.folder).parts:
        refuse(place, "nothing outside train/ may train")
    if one.strength not in {"A", "B"}:
        refuse(place, f"strength must be A or B, and is {one.strength!r}")


def _check_size(size: Size, place: str) -> None:
    if len(size.stages) != STAGES or any(one < CHANNELS or one % CHANNELS for one in size.stages):
        refuse(place, f"stages {size.stages} are no {STAGES} multiples of {CHANNELS}")
    for shape in (size.ships, *size.shapes):
        if len(shape) != 2 or any(side < STRIDE_PX or side % STRIDE_PX for side in shape):
            refuse(place, f"shape {shape} is no pair of multiples of 32")


def _check_teacher(teacher: TeacherSource, place: str) -> None:
    if teacher.kind not in TEACHER_KINDS:
        refuse(place, f"kind must be one of {', '.join(TEACHER_KINDS)}, and is {teacher.kind!r}")
    unknown = [word for word in teacher.trust if word not in FAMILY_NAMES]
    if unknown:
        refuse(place, f"trust names no family: {', '.join(unknown)}")
    if not teacher.files or any(len(digest) != 64 for digest in teacher.files.values()):
        refuse(place, "files needs a sha256 of 64 digits for each file")
