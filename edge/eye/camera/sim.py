"""The street simulator as a source: pictures without any camera."""

import functools
from collections.abc import Iterator

from edge.eye.camera.facts import LossReason
from edge.eye.camera.source import CameraError, Picture, Planes, Traffic
from edge.eye.sim.scene import SCENES, Scene, to_planes


class SimSource:
    """A drawn scene; it has no packets, so its traffic stays zero."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.traffic = Traffic()

    def pictures(self) -> Iterator[Picture]:
        """Every picture of the scene, drawn when it is asked for."""
        scene = self._scene
        for number in range(scene.picture_count):
            stream_ns = round(number * 1e9 / scene.pictures_per_second)

            # Drawn once, though ring and analysis both ask for it.
            @functools.cache
            def develop(number: int = number) -> Planes:
                return Planes(*to_planes(scene.draw(number)))

            yield Picture(stream_ns, scene.width_px, scene.height_px, develop)

    def close(self) -> None:
        """Nothing is held."""


def open_sim(name: str) -> SimSource:
    """A scene by its name. Raises: CameraError."""
    make_scene = SCENES.get(name)
    if make_scene is None:
        raise CameraError(
            LossReason.NOT_FOUND,
            f"there is no scene '{name}'",
            hint=f"Scenes: {', '.join(SCENES)}.",
        )
    return SimSource(make_scene())
