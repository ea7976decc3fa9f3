"""Python's part of the root: Vigie's own wheel and its locked closure, with bytecode.

The lock is the one that developers test with, so a pole runs what was tested. Nothing is built
from source but Vigie; every file is checked against the lock's hashes, also from the cache.
"""

import shutil
import sys
from pathlib import Path

from firmware.building import (
    PACKAGES,
    PREFIX,
    PYTHON,
    REPOSITORY,
    Build,
    Place,
    digest,
    packages_folder,
    sha256_of,
)
from firmware.run import run

LOCK = REPOSITORY / "requirements" / "device.lock"
OF_OTHER_MACHINES = ("collector", "edge/builder", "edge/demo")
# Wheels for any older glibc run on a system's own.
_OLDEST_GLIBC = 17
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
# Only what no program of the pole can reach: interfaces for type checkers, the libraries' own
# tests, C headers, detectors of faces that OpenCV brings and Vigie never loads, and of Vigie what
# runs in a control room or at a desk. `vigie` says so where one of its commands needs that.
NEVER_USED = (
    "**/*.pyi",
    "**/*.pxd",
    "**/*.a",
    "numpy/**/tests",
    "numpy/_core/include",
    "numpy/f2py",
    "shapely/tests",
    "cv2/data/*.xml",
    *OF_OTHER_MACHINES,
    "bin",
)
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
_LAUNCHER = """\
#!/opt/vigie/bin/python
import sys

from edge.cli.main import main

sys.exit(main())
"""
_SETTINGS = """\
home = /usr/bin
include-system-site-packages = false
version = {python}
"""


def install_packages(place: Place) -> None:
    """Vigie and its closure into /opt/vigie, a virtual environment of the system's Python."""
    packages = place.root / packages_folder(place.python)
    wheels = _fetch_wheels(place)
    own = _build_own_wheel(place)
    requirements = place.work / "requirements.txt"
    version = own.name.split("-")[1]
    requirements.write_text(f"{LOCK.read_text()}vigie=={version} --hash=sha256:{sha256_of(own)}\n")
    run(
        [
            *(sys.executable, *_PIP, "install", "--no-index"),
            *("--find-links", wheels, "--find-links", own.parent),
            *("--require-hashes", "--no-deps", "--ignore-requires-python", "--no-compile"),
            *_target(place),
            *("--target", packages, "--requirement", requirements),
        ]
    )
    for pattern in NEVER_USED:
        for path in sorted(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    _write_environment(place.root / PREFIX, place.python)


def compile_bytecode(build: Build) -> None:
    """Bytecode that is never compared with a file's date, for Debian's Python and ours.

    A slot gives every file one date, so bytecode of the usual kind would count as stale, and a
    root that takes no writes could not renew it: each start would compile again.
    """
    folders = ["/usr/lib/python3", f"/usr/lib/python{PYTHON}", f"/{PACKAGES}"]
    for stale in sorted(build.root.rglob("__pycache__")):
        shutil.rmtree(stale)
    run(
        [
            *("chroot", build.root, f"/usr/bin/python{PYTHON}", "-m", "compileall", "-q", "-f"),
            *("-j", "1", "--invalidation-mode", "unchecked-hash", *folders),
        ]
    )


def _fetch_wheels(place: Place) -> Path:
    name = digest([LOCK.read_text(), place.architecture, place.python])
    folder = place.cache / "wheels" / f"{place.architecture}-{name}"
    if folder.is_dir():
        return folder
    making = folder.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    run(
        [
            *(
                sys.executable,
                *_PIP,
                "download",
                "--no-deps",
                "--require-hashes",
                "--ignore-requires-python",
            ),
            *_target(place),
            *("--dest", making, "--requirement", LOCK),
        ]
    )
    making.rename(folder)
    return folder


def _target(place: Place) -> list[str]:
    """What pip needs to choose wheels for the pole instead of for this machine."""
    machine = _MACHINES[place.architecture]
    abi = f"cp{place.python.replace('.', '')}"
    glibc = range(place.glibc_minor, _OLDEST_GLIBC - 1, -1)
    platforms = [*(f"manylinux_2_{minor}_{machine}" for minor in glibc), f"manylinux2014_{machine}"]
    return [
        "--only-binary=:all:",
        *(word for platform in platforms for word in ("--platform", platform)),
        *("--python-version", place.python, "--implementation", "cp"),
        *("--abi", abi, "--abi", "abi3"),
    ]


def _build_own_wheel(place: Place) -> Path:
    """Vigie's wheel from the working tree. Its hash depends on nothing but the tree's files."""
    folder = place.work / "own"
    run(
        [
            *(sys.executable, *_PIP, "wheel", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", folder, REPOSITORY),
        ],
        env={"SOURCE_DATE_EPOCH": str(place.epoch)},
    )
    return next(folder.glob("vigie-*.whl"))


def _write_environment(prefix: Path, python: str) -> None:
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to(f"/usr/bin/python{python}")
    (prefix / "pyvenv.cfg").write_text(_SETTINGS.format(python=python))
    launcher = prefix / "bin" / "vigie"
    launcher.write_text(_LAUNCHER)
    launcher.chmod(0o755)
    command = prefix.parents[1] / "usr" / "bin" / "vigie"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.symlink_to(f"/{PREFIX}/bin/vigie")
