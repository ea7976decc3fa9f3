"""What every step is given, and where the build keeps its files."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.board import Board
from firmware.keys import FleetKeys
from firmware.steps import Steps

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE_BUILD = REPOSITORY / "image-build"
# Inside the image: the interpreter's folder, its packages, and what the rooms read.
PREFIX = Path("opt/vigie")
# Debian 13: its interpreter, and 2.41 as its C library.
PYTHON = "3.13"
_GLIBC_MINOR = 41
SHARE = Path("usr/share/vigie")


def packages_folder(python: str) -> Path:
    """The packages of an interpreter's version, below a root."""
    return PREFIX / "lib" / f"python{python}" / "site-packages"


PACKAGES = packages_folder(PYTHON)


@dataclass(frozen=True, slots=True)
class Place:
    """Where Python packages go: an image's root, or a package's tree.

    root: the tree; cache, work: folders of the build; epoch: the second (UTC) that files carry;
    python: the interpreter's version; glibc_minor: 41 for 2.41; architecture: Debian's word.
    """

    root: Path
    cache: Path
    work: Path
    epoch: int
    python: str
    glibc_minor: int
    architecture: str


@dataclass(frozen=True, slots=True)
class Build:
    """One build of one board.

    cache: kept between builds; work: emptied at the start of each; out: what is handed over.
    version: of the image, in os-release and in the bundle. epoch: the second (UTC) that every
    file of the image carries. has_console: a bench's image that talks on the serial line.
    overlay: a bench's files laid over the root; kernel_folder: the board's own kernel.
    """

    board: Board
    cache: Path
    work: Path
    out: Path
    keys: FleetKeys
    version: str
    epoch: int
    steps: Steps
    has_console: bool = False
    overlay: Path | None = None
    kernel_folder: Path | None = None

    @property
    def root(self) -> Path:
        """The root file system's tree, before it becomes a slot."""
        return self.work / "root"

    @property
    def packages(self) -> Path:
        """The tree's Python packages."""
        return self.root / PACKAGES

    @property
    def place(self) -> Place:
        """Where this build's Python packages go."""
        return Place(
            root=self.root,
            cache=self.cache,
            work=self.work,
            epoch=self.epoch,
            python=PYTHON,
            glibc_minor=_GLIBC_MINOR,
            architecture=self.board.architecture,
        )

    @property
    def name(self) -> str:
        """What every file of this build is called, before its dot."""
        return f"vigie-{self.board.name}-{self.version}"


def digest(parts: Sequence[object]) -> str:
    """A short name for inputs: the same parts, the same name."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
