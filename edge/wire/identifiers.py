"""How names are spelt that become part of a path, an address or a certificate."""

import re

SITE_NAME_PATTERN = "[a-z0-9_-]{1,40}"
"""A camera, zone, line or rule."""
# A label of a host's name (RFC 1123), as it stands in certificates.
_DEVICE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CAMERA = re.compile(SITE_NAME_PATTERN)
_CLIP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

DEVICE_NAME_HINT = "Use lower-case letters, digits and hyphens, at most 63, such as north-gate."


def is_device_name(text: str) -> bool:
    """Whether a pole may be called so."""
    return _DEVICE.fullmatch(text) is not None


def is_camera_name(text: str) -> bool:
    """Whether a camera, and so a folder, may be called so."""
    return _CAMERA.fullmatch(text) is not None


def is_clip_name(text: str) -> bool:
    """True for 1 to 64 letters, digits, hyphens and underscores, beginning with neither mark."""
    return _CLIP.fullmatch(text) is not None
