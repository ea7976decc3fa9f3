"""The drawn street through a lens that somebody set wrong, and a pole that looks through it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from edge.doctor.looking import PoleFiles
from edge.evidence.pole_key import write_evidence_key
from edge.eye.sim.street import Street
from edge.mandate.device_name import write_device
from edge.mandate.keys import PublicKey, make_signing_key
from edge.mandate.mailbox import read_time_questions, write_time_answer
from edge.mandate.time_statement import sign_time
from edge.provision.keys import write_public
from edge.provision.places import technician_key_path
from tests.fakes.mandates import CAMERA, DEVICE, City, around

Canvas = npt.NDArray[np.uint8]
Lens = Callable[[Canvas], Canvas]
# Somebody stands at (0.60, 0.85) all the while, and others walk by.
FIRST, LAST = 296, 332
_POLL_SECONDS = 0.02
SITE = f"""
version = 1
[site]
name = "town"
[[camera]]
name = "{CAMERA}"
source = "file:street.mp4"
[[camera.person_height]]
foot_frac = [0.60, 0.854]
height_frac = 0.394
[[camera.person_height]]
foot_frac = [0.37, 0.713]
height_frac = 0.302
[[zone]]
name = "pavement"
camera = "{CAMERA}"
polygon_frac = [[0.02, 0.70], [0.98, 0.70], [0.98, 0.98], [0.02, 0.98]]
[[rule]]
name = "waiting"
function = "loitering"
zone = "pavement"
"""


def sharp(canvas: Canvas) -> Canvas:
    """As it should be."""
    return canvas


def blurred(canvas: Canvas) -> Canvas:
    """The focus ring is far off."""
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 4.0), np.uint8)


def dark(canvas: Canvas) -> Canvas:
    """Night, and no lamp."""
    return np.asarray(canvas * 0.03, np.uint8)


def overexposed(canvas: Canvas) -> Canvas:
    """The sun in the lens."""
    return np.asarray(np.clip(canvas.astype(np.int32) * 3 + 40, 0, 255), np.uint8)


def turned(canvas: Canvas) -> Canvas:
    """Tilted down by a quarter of the picture, as a lorry's mirror does it."""
    shift = np.array([[1, 0, 0], [0, 1, -canvas.shape[0] / 4]], np.float32)
    size = (canvas.shape[1], canvas.shape[0])
    return np.asarray(
        cv2.warpAffine(canvas, shift, size, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def draw_street(path: Path, lens: Lens) -> None:
    """Three seconds of it, H.264."""
    street = Street()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = street.width_px, street.height_px, "yuv420p"
        for number in range(FIRST, LAST):
            picture = av.VideoFrame.from_ndarray(lens(street.draw(number)), format="bgr24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def make_pole(folder: Path, models: Path, lens: Lens = sharp, site: str = SITE) -> PoleFiles:
    """A pole that is not enrolled."""
    draw_street(folder / "street.mp4", lens)
    (folder / "site.toml").write_text(site)
    (folder / "pole").mkdir()
    return PoleFiles(folder / "site.toml", folder / "pole", models)


def be_known(files: PoleFiles, technician: PublicKey) -> None:
    """The pole was enrolled: it has a name, a key that signs, and knows the technician's."""
    write_device(files.data, DEVICE)
    (files.data / "vault").mkdir()
    write_evidence_key(files.data / "vault", make_signing_key(DEVICE))
    technician_key_path(files.data).write_bytes(write_public(technician))


@contextmanager
def under_mandate(files: PoleFiles) -> Iterator[None]:
    """The city allows loitering at the camera, and answers what time it is."""
    city, ended = City(), threading.Event()
    write_device(files.data, DEVICE)
    city.install(files.data, city.mandate(**around(datetime.now(UTC))))

    def answer() -> None:
        answered: set[bytes] = set()
        while not ended.wait(_POLL_SECONDS):
            for nonce in set(read_time_questions(files.data)) - answered:
                now_ms = time.time_ns() // 10**6
                said = sign_time(DEVICE, nonce, utc_ms=now_ms, error_ms=20, key=city.clip_key)
                write_time_answer(files.data, said)
                answered.add(nonce)

    link = threading.Thread(target=answer)
    link.start()
    try:
        yield
    finally:
        ended.set()
        link.join()
