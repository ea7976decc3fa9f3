"""From pictures to frames: choose, burn the masks, shrink, stamp. The same on every way in."""

from edge.eye.camera.mask import MaskBurner
from edge.eye.camera.planes import shrink
from edge.eye.camera.selection import Selection
from edge.eye.camera.source import Picture
from edge.eye.frame import Frame
from edge.site.model import Camera


class Preparation:
    """What happens to one camera's pictures before anything else may see them."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._selection = Selection(camera.analysis_fps)
        self._masks = MaskBurner(camera.masks)

    def chooses(self, time_ns: int) -> bool:
        """True if the picture of this time is to be analysed."""
        return self._selection.chooses(time_ns)

    def make_frame(self, picture: Picture, number: int, utc_ns: int, monotonic_ns: int) -> Frame:
        """Masked, scaled, stamped; the arrays end with the next picture. Raises: CameraError."""
        planes = shrink(self._masks.burn(picture.develop()), self._camera.analysis_width_px)
        return Frame(
            camera=self._camera.name,
            number=number,
            captured_utc_ns=utc_ns,
            captured_monotonic_ns=monotonic_ns,
            source_width_px=picture.width_px,
            source_height_px=picture.height_px,
            luma=planes.luma,
            chroma_u=planes.chroma_u,
            chroma_v=planes.chroma_v,
        )
