"""FAT file systems without a mount, the same bytes for the same files."""

import os
from collections.abc import Mapping
from pathlib import Path

from firmware.run import run

_KIB_PER_MIB = 1024


def write_fat(
    image: Path, *, label: str, volume_id: str, size_mib: int, files: Mapping[str, Path], epoch: int
) -> None:
    """Make a FAT image with files. volume_id: 8 hexadecimal digits; epoch: the files' date.

    files: path inside the image to the file it is copied from. Raises ProgramError, also when
    the files do not fit.
    """
    image.unlink(missing_ok=True)
    words = ["mkfs.vfat", "--invariant", "-n", label, "-i", volume_id, "-C", str(image)]
    run([*words, str(size_mib * _KIB_PER_MIB)])
    made: set[str] = set()
    # mtools dates what it writes by this; it has no other way to be told.
    env = {"SOURCE_DATE_EPOCH": str(epoch), "MTOOLS_SKIP_CHECK": "1"}
    for name in sorted(files):
        for folder in reversed(Path(name).parents):
            if str(folder) != "." and str(folder) not in made:
                run(["mmd", "-i", image, f"::{folder}"], env=env)
                made.add(str(folder))
        os.utime(files[name], (epoch, epoch))
        run(["mcopy", "-m", "-i", image, files[name], f"::{name}"], env=env)
