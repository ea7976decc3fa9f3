"""Under which name this pole was enrolled: root's word to eye and vault, beside the trust file.

It does not come from the link's folder: whoever holds the link could otherwise make this pole
answer to the mandate of another one.
"""

from pathlib import Path

from edge.errors import Kind, VigieError
from edge.whole_file import read_bounded, write_whole

MAX_NAME_BYTES = 64


def device_path(data: Path) -> Path:
    """DATA/device, one line."""
    return data / "device"


def write_device(data: Path, name: str) -> None:
    """Write the name down at enrolment. Raises OSError."""
    write_whole(device_path(data), f"{name}\n".encode(), mode=0o644)


def read_device(data: Path) -> str:
    """The name; also where the pole was never enrolled, then empty: no mandate is for that.

    Raises VigieError(DATA_LOSS) for a file that holds no name.
    """
    path = device_path(data)
    content = read_bounded(path, MAX_NAME_BYTES + 1)
    if content is None and not path.exists():
        return ""
    name = (content or b"").decode(errors="replace").strip()
    if not name or not name.isprintable():
        raise VigieError(
            Kind.DATA_LOSS,
            "the device's name cannot be read",
            where=str(path),
            hint="Enrol the device again: 'vigie device enrol'.",
        )
    return name
