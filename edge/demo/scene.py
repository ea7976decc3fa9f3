"""What the demo looks at: a clip, the simulator or the person's own source, and its site file."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge.demo.clip import CLIP_NAME, can_fetch, ensure_clip
from edge.errors import Kind, VigieError


@dataclass(frozen=True, slots=True)
class Scene:
    """A site file ready to run and what to call its source."""

    site: Path
    description: str


def prepare_scene(source: str, site: Path | None, cache: Path, say: Callable[[str], None]) -> Scene:
    """Make the source and its site file ready in `cache`.

    Raises:
        VigieError: NOT_FOUND for a missing file, UNAVAILABLE when the clip cannot be had.
    """
    _make(cache)
    if source == "clip" and site is None:
        if not can_fetch():
            say("vigie: not a Debian machine, so the demo runs on the street simulator")
            return _own_scene("street", "the street simulator (drawn, not footage)", cache, {})
        clip = ensure_clip(cache, say)
        sources = {f"file:{CLIP_NAME}": f"file:{clip.resolve()}"}
        return _own_scene(
            "pedestrians", "pedestrians on a campus road (real footage)", cache, sources
        )
    if source == "sim" and site is None:
        return _own_scene("street", "the street simulator (drawn, not footage)", cache, {})
    if site is not None:
        if not site.is_file():
            raise VigieError(
                Kind.NOT_FOUND,
                "there is no site file here",
                where=str(site),
                hint="Give its path with --site, or leave it out for the demo's own.",
            )
        return Scene(site, f"what {site.name} names" if source == "clip" else source)
    address = source if _has_scheme(source) else f"file:{_file(source)}"
    return _own_scene("anywhere", source, cache, {"sim:street": address})


def _own_scene(name: str, description: str, cache: Path, sources: dict[str, str]) -> Scene:
    text = (resources.files("edge.demo") / "sites" / f"{name}.toml").read_text()
    for placeholder, address in sources.items():
        text = text.replace(f'"{placeholder}"', f'"{address}"')
    site = cache / f"{name}.toml"
    site.write_text(text)
    return Scene(site, description)


def _has_scheme(source: str) -> bool:
    return ":" in source.split("/", maxsplit=1)[0]


def _file(source: str) -> Path:
    path = Path(source)
    if not path.is_file():
        raise VigieError(
            Kind.NOT_FOUND,
            f"there is no file {source}",
            hint="Give --source a video file, rtsp://…, v4l2:/dev/video0, 'clip' or 'sim'.",
        )
    return path.resolve()


def _make(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            f"the demo's folder cannot be made: {refused.strerror}",
            where=str(cache),
            hint="Give a folder that you may write to with --cache DIR.",
        ) from refused
