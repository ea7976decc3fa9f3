"""A package's tree with few files: the real units and scripts around a small environment."""

from pathlib import Path

from firmware import package
from firmware.board import VendorBoard, read_vendor_board
from firmware.building import IMAGE_BUILD, Place, packages_folder
from tests.image_build.benches import EPOCH


def jetson() -> VendorBoard:
    return read_vendor_board(IMAGE_BUILD / "boards" / "jetson.toml")


def small_tree(folder: Path, board: VendorBoard) -> Place:
    """What the recipe has before it packs; modes as a careless person's umask leaves them."""
    place = Place(
        root=folder / "root",
        cache=folder,
        work=folder,
        epoch=EPOCH,
        python=board.deb.python,
        glibc_minor=board.deb.glibc_minor,
        architecture=board.architecture,
    )
    packages = place.root / packages_folder(place.python)
    (packages / "edge").mkdir(parents=True)
    (packages / "edge" / "__init__.py").write_text('"""Vigie."""\n')
    (packages / "edge" / "__init__.py").chmod(0o600)
    (packages / "edge").chmod(0o700)
    programs = place.root / "opt/vigie/bin"
    programs.mkdir()
    (programs / "python").symlink_to(f"/usr/bin/python{place.python}")
    (programs / "vigie").write_text("#!/opt/vigie/bin/python\n")
    (programs / "vigie").chmod(0o700)
    settings = f"home = /usr/bin\nversion = {place.python}\n"
    (place.root / "opt/vigie/pyvenv.cfg").write_text(settings)
    package.lay_out(place, board, "0.1.0")
    return place
