"""What a machine with a graphics processor needs for a run, in one file without anything else."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

from edge.errors import Kind, VigieError
from edge.whole_file import write_whole

SIZE_MAX_BYTES = 60_000_000
FOLDER = "vigie-train"
README = """\
Needs Python 3.11 or newer with torch, numpy and opencv-python-headless, and nothing else.

    python -m tools.training.course --name first --workers 12 --batch 32 --steps 12000

It goes on where it was stopped. Bring `runs/` back to the folder of --work, then:
`tools/train export --name first`.
"""
# Everything of this repository that a run imports.
_LIST = (
    "import json, sys, tools.training.course\n"
    "ours = [m for n, m in sys.modules.items() if n.split('.')[0] in ('edge', 'tools')]\n"
    "print(json.dumps([m.__file__ for m in ours]))"
)


def pack(path: Path, root: Path, files: tuple[Path, ...]) -> int:
    """Write the archive; its size in bytes. files: shelf, weights and manifest.

    Raises: VigieError NOT_FOUND where a file is missing, RESOURCE_EXHAUSTED above 60 MB.
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
        for source in files:
            if not source.is_file():
                raise VigieError(
                    Kind.NOT_FOUND,
                    "a part of the pack is not there",
                    where=str(source),
                    hint="Run: tools/train prepare",
                )
            archive.add(source, f"{FOLDER}/{source.name}", filter=_nobody)
        for source in list_code(root):
            archive.add(source, f"{FOLDER}/{source.relative_to(root)}", filter=_nobody)
        told = tarfile.TarInfo(f"{FOLDER}/README")
        told.size = len(README)
        archive.addfile(told, io.BytesIO(README.encode()))
    size = content.tell()
    if size > SIZE_MAX_BYTES:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"the pack has {size / 1e6:.0f} MB, more than {SIZE_MAX_BYTES / 1e6:.0f}",
            hint="Leave a set out of the manifest, or prepare smaller pictures.",
        )
    write_whole(path, content.getvalue(), mode=0o644, folder_mode=0o755)
    return size


def list_code(root: Path) -> list[Path]:
    """The Python files of this repository that a run imports."""
    asked = subprocess.run(
        [sys.executable, "-c", _LIST], check=True, capture_output=True, text=True, cwd=root
    )
    found = {Path(file) for file in json.loads(asked.stdout) if file}
    return sorted(found)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
