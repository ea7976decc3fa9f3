"""A board profile: what differs from board to board, as data with errors that name the line."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import Kind, VigieError
from edge.site.position import Positions
from edge.site.problem import Problem

# Names of packages, modules and units are few characters, none of which a shell reads.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+._@:\\-]*$")]
Architecture = Literal["amd64", "arm64"]
# Below a folder: no step upwards, no place of this machine; `*` stands for a part of a name.
Pattern = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9*][A-Za-z0-9*+._-]*(/[A-Za-z0-9*][A-Za-z0-9*+._-]*)*$")
]
# One alternative set as dpkg reads it: python3 (>= 3.12) | python3.12
Dependency = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.|()<>=:~ -]*$")]


CABLE_MODULE = "g_ether"
"""What vigie-cable.service loads."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KernelTable(_Table):
    """Where kernel and modules come from.

    source: "debian" unpacks `package` from the mirror; "folder" takes what the person names with
    --kernel (boot files, lib/modules), because the board's kernel is not Debian's.
    command_line: what the kernel is told on every boot; console: added by --console only.
    """

    source: Literal["debian", "folder"]
    package: Name | None = None
    command_line: tuple[str, ...] = ()
    console: str = ""

    @model_validator(mode="after")
    def _has_package(self) -> "KernelTable":
        if (self.source == "debian") != (self.package is not None):
            raise ValueError('package is named where source = "debian", and only there')
        return self


class ModulesTable(_Table):
    """The allow-list: no other module is in the image.

    initramfs: needed before the root is there; root: what units load later. Each brings what
    modules.dep says it needs; before: what it needs and modules.dep does not say.
    """

    initramfs: tuple[Name, ...]
    root: tuple[Name, ...]
    before: dict[Name, tuple[Name, ...]] = {}


class DiskTable(_Table):
    """Sizes of the partitions in MiB (1,048,576 bytes).

    firmware_type: what the table calls the partitions that firmware reads; a Raspberry Pi's looks
    for FAT in "basic-data" only.
    """

    sel_mib: int = Field(ge=34, le=512)
    boot_mib: int = Field(ge=34, le=1024)
    root_mib: int = Field(ge=256, le=4096)
    state_mib: int = Field(ge=32, le=1024)
    firmware_type: Literal["linux", "basic-data"] = "linux"


class GivenTable(_Table):
    """What the folder of --kernel must hold beside kernel and modules, and what is made of it.

    boot: files below its boot/ for the boot partition; root: what its root/, which is laid over
    the image's root, must hold at least; config: the lines of config.txt.
    """

    boot: tuple[Pattern, ...]
    root: tuple[Pattern, ...]
    config: tuple[str, ...]


class DeviceTable(_Table):
    """What the units on the board are told.

    board_secret: where the board keeps a secret of its own; "none" when it has no such place.
    watchdog_seconds: the hardware's patience with a kernel that hangs.
    tryboot: how a slot is tried once: a mark on `sel`, the argument of a reboot, or NVIDIA's
    nvbootctrl. trial_seconds: how long a new slot has to prove itself.
    cable: the network cable that the board's USB socket becomes for a technician; empty: none.
    """

    board_secret: Literal["fw_cfg", "otp", "none"]
    watchdog_seconds: int = Field(ge=5, le=600)
    tryboot: Literal["mark", "reboot_argument", "nvboot"]
    trial_seconds: int = Field(ge=60, le=3600)
    cable: Annotated[str, Field(pattern=r"^([a-z][a-z0-9]{1,13})?$")] = ""


class Profile(_Table):
    """What every board has."""

    name: Name
    title: str
    architecture: Architecture
    proof: Literal["booted", "checked"]
    device: DeviceTable

    def settings(self, version: str, epoch: int) -> str:
        """The text of board.env, which the units and `edge/service/image.py` read.

        epoch: when it was built, in seconds of UTC; no clock of the board is right before it.
        """
        return (
            f"VIGIE_BOARD={self.name}\n"
            f"VIGIE_VERSION={version}\n"
            f"VIGIE_BUILD_EPOCH={epoch}\n"
            f"VIGIE_BOARD_SECRET={self.device.board_secret}\n"
            f"VIGIE_TRYBOOT={self.device.tryboot}\n"
            f"VIGIE_TRIAL_SECONDS={self.device.trial_seconds}\n"
            f"VIGIE_CABLE={self.device.cable}\n"
        )


class Board(Profile):
    """A board that Vigie makes an image for."""

    kernel: KernelTable
    modules: ModulesTable
    disk: DiskTable
    packages: tuple[Name, ...] = ()
    given: GivenTable | None = None

    @model_validator(mode="after")
    def _is_given_a_folder(self) -> "Board":
        if self.given is not None and self.kernel.source != "folder":
            raise ValueError('given is told where the kernel\'s source = "folder", and only there')
        return self

    @model_validator(mode="after")
    def _has_cable(self) -> "Board":
        if self.device.cable and CABLE_MODULE not in self.modules.root:
            raise ValueError(f"a cable of the board's own needs the module {CABLE_MODULE}")
        return self


class DebTable(_Table):
    """What the vendor's system has, and what the package asks of it.

    python: its interpreter; glibc_minor: of its C library 2.X; depends: as dpkg reads them.
    """

    python: Literal["3.11", "3.12", "3.13"]
    glibc_minor: int = Field(ge=17, le=60)
    depends: tuple[Dependency, ...]


class VendorBoard(Profile):
    """A board that keeps its vendor's system and takes Vigie as a package."""

    deb: DebTable


_Kind = TypeVar("_Kind", Board, VendorBoard)


def read_board(path: Path) -> Board:
    """Read and check the profile of a board that has an image.

    Raises VigieError: NOT_FOUND for no such profile, INVALID_ARGUMENT with every problem and the
    line that it stands on, FAILED_PRECONDITION for a board that takes a package instead.
    """
    return _read(path, Board, "takes a package, no image", "python image-build/deb.py")


def read_vendor_board(path: Path) -> VendorBoard:
    """Read and check the profile of a board that takes a package. Raises as `read_board`."""
    return _read(path, VendorBoard, "takes an image, no package", "make image")


def _read(path: Path, model: type[_Kind], other: str, program: str) -> _Kind:
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.toml"))) or "none"
        raise VigieError(Kind.NOT_FOUND, f"no board profile {path.stem}", hint=f"Boards: {known}")
    text = path.read_text()
    try:
        table = tomllib.loads(text)
        if ("deb" in table) != (model is VendorBoard):
            what = f"{path.stem} {other}"
            raise VigieError(Kind.FAILED_PRECONDITION, what, hint=f"Build that: {program}")
        board = model.model_validate(table)
    except tomllib.TOMLDecodeError as refused:
        raise VigieError(Kind.INVALID_ARGUMENT, str(refused), where=str(path)) from None
    except ValidationError as refused:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"{path}: the board profile cannot be taken\n{_problems(text, path, refused)}",
        ) from None
    if board.name != path.stem:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"the profile of {board.name} stands in {path.name}",
            where=str(path),
            hint=f"Name the file {board.name}.toml.",
        )
    return board


def _problems(text: str, path: Path, refused: ValidationError) -> str:
    positions = Positions(text)
    told = []
    for error in refused.errors():
        is_about_key = error["type"] in {"extra_forbidden", "missing"}
        place = positions.find(error["loc"], is_about_key=is_about_key)
        what = f"{'.'.join(str(word) for word in error['loc'])}: {error['msg']}"
        excerpt = text.splitlines()[place.line - 1] if text else ""
        told.append(
            Problem(
                str(path),
                what,
                line=place.line,
                column=place.column,
                excerpt=excerpt,
                caret_width=place.width,
            )
        )
    return "\n".join(str(problem) for problem in sorted(told, key=lambda one: one.line or 0))
