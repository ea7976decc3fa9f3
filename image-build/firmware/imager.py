"""What Raspberry Pi Imager is told about an image: a list with one entry, by `os-list.schema.json`.

`init_format` is "none": an Imager must not write its own settings onto `sel`, where only a signed
provisioning file is believed.
"""

import datetime as dt
from dataclasses import dataclass

from edge.errors import Kind, VigieError
from edge.flash.image import Image

# Tags and architecture as Imager names them (rpi-imager, doc/schema-notes.md).
DEVICES = {"rpi": ("pi5-64bit", "pi4-64bit")}
ARCHITECTURE = "armv8"


@dataclass(frozen=True, slots=True)
class Offer:
    """Where people find an image. url, icon: of the packed image and of a picture, 40 x 40."""

    url: str
    icon: str
    website: str
    version: str
    released: dt.date


def os_list(image: Image, packed_bytes: int, offer: Offer) -> dict[str, object]:
    """The list. packed_bytes: size of what is downloaded.

    Raises VigieError(INVALID_ARGUMENT) for a board that Imager writes no cards for.
    """
    if image.board not in DEVICES:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"Imager writes cards of {', '.join(DEVICES)}, not of {image.board}",
            where=str(image.path),
            hint="Write it with 'vigie flash'.",
        )
    entry = {
        "name": f"Vigie {offer.version}",
        "description": "Street-camera firmware. Its poles want a signed file: use 'vigie flash'.",
        "icon": offer.icon,
        "url": offer.url,
        "website": offer.website,
        "extract_size": image.size_bytes,
        "extract_sha256": image.sha256,
        "image_download_size": packed_bytes,
        "release_date": offer.released.isoformat(),
        "devices": list(DEVICES[image.board]),
        "architecture": ARCHITECTURE,
        "init_format": "none",
    }
    return {"os_list": [entry]}
