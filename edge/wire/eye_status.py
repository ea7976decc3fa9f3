"""Where the eye tells the link about its cameras: one small file in the eye's folder."""

from pathlib import Path

# Files in it take the folder's group, which the link is of.
_FOLDER_MODE = 0o2750


def eye_status_path(data: Path) -> Path:
    """DATA/eye/status.json, protobuf JSON of edge.wire.v1.Status, replaced whole."""
    return data / "eye" / "status.json"


def ensure_eye_folder(data: Path) -> None:
    """Make the eye's folder where no installation has made it. Raises OSError."""
    folder = eye_status_path(data).parent
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
