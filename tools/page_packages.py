"""The page's npm packages as their lock names them, every file of them as in its archive.

npm checks the hash of each archive and not what it then writes: a file of a package has come out
cut short while npm ended well. So what stands on the disk is compared with the archives in npm's
own cache (https://github.com/npm/cacache: a file's content lies under its hash), and what differs
is installed again.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

# Not `npm ci`: it refuses a lock without the builds for other platforms, which a registry need
# not hold. Versions and hashes are the lock's all the same.
INSTALL = ["npm", "install", "--no-save", "--loglevel=error"]
TRIES = 3
SETTINGS = ("package.json", "package-lock.json", ".npmrc")


class PackagesDifferError(Exception):
    """After every try some files are not their archive's; the text says what to do next."""


def install(app: Path, folder: Path) -> None:
    """Into `folder`, once for each content of the lock file of `app`.

    Raises PackagesDifferError, and subprocess.CalledProcessError when npm itself fails.
    """
    stamp = folder / "installed"
    digest = hashlib.sha256((app / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in SETTINGS:
        shutil.copyfile(app / name, folder / name)
    asked = subprocess.run(
        ["npm", "config", "get", "cache"], cwd=folder, check=True, capture_output=True, text=True
    )
    archives = Path(asked.stdout.strip()) / "_cacache" / "content-v2"
    for _ in range(TRIES):
        subprocess.run(INSTALL, cwd=folder, check=True, stdout=sys.stderr)
        differing = list(differences(folder, archives))
        if not differing:
            stamp.write_text(digest)
            return
        for path in differing:
            print(f"page_build: npm wrote {path} unlike its archive", file=sys.stderr)
        shutil.rmtree(folder / "node_modules")
    raise PackagesDifferError(
        f"page_build: after {TRIES} tries npm's files are still unlike their archives.\n"
        f"  Is the disk of {folder} full or failing? Then run it again."
    )


def differences(folder: Path, archives: Path) -> Iterator[Path]:
    """Files under `folder/node_modules` that are missing or not as in their package's archive.

    archives: `content-v2` of npm's cache. A package whose archive is not there counts as a whole.
    """
    lock = json.loads((folder / "node_modules" / ".package-lock.json").read_text())
    for place, package in lock["packages"].items():
        archive = _archive(archives, package["integrity"])
        if not archive.is_file():
            yield folder / place
            continue
        with tarfile.open(archive) as members:
            for member in members:
                content = members.extractfile(member) if member.isfile() else None
                # The first folder of an archive, mostly `package`, stands for the package's own.
                path = folder / place / Path(*Path(member.name).parts[1:])
                if content is not None and not _holds(path, content.read()):
                    yield path


def _archive(archives: Path, integrity: str) -> Path:
    """Where cacache keeps what has this hash, for example `sha512-…` in base 64."""
    algorithm, _, encoded = integrity.partition("-")
    digest = base64.b64decode(encoded).hex()
    return archives / algorithm / digest[:2] / digest[2:4] / digest[4:]


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
