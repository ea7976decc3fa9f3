"""`vigie site`: check and draw site files."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.nouns import NounGroup
from edge.errors import EXIT_OK, Kind, VigieError

if TYPE_CHECKING:
    from edge.site.model import Camera, SiteFile
    from edge.site.problem import SiteError

GROUP_EXAMPLES = """\
\b
Examples:
  vigie site check site.toml
  vigie site draw site.toml --still north.jpg --out north.png
"""

CHECK_EXAMPLES = """\
\b
Examples:
  vigie site check site.toml
  vigie site check --schema > site.schema.json
\b
Exit codes: 0 every file is good, 3 a file has problems, 4 a file does not exist.
"""

DRAW_EXAMPLES = """\
\b
Examples:
  vigie site draw site.toml --out site.png
  vigie site draw site.toml --still recording.mp4 --camera north --out north.png
\b
Exit codes: 0 drawn, 3 the site file or the still cannot be taken, 4 no such file or camera.
"""


@click.group(cls=NounGroup, epilog=GROUP_EXAMPLES)
def site() -> None:
    """Check and draw a site file."""


@site.command(epilog=CHECK_EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--schema", is_flag=True, help="Print the JSON Schema for editors instead.")
@voice.json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], schema: bool, as_json: bool) -> None:
    """Say everything that is wrong with site files, at once, with its place and a remedy."""
    if schema:
        from edge.site.schema import site_schema  # noqa: PLC0415 - loads pydantic

        click.echo(json.dumps(site_schema(), indent=2, ensure_ascii=False))
        return
    if not files:
        raise click.UsageError("name at least one site file, or --schema")
    codes = [_check_one(path, as_json=as_json) for path in files]
    ctx.exit(next((code for code in codes if code), EXIT_OK))


@site.command(epilog=DRAW_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--still",
    type=click.Path(path_type=Path),
    help="Image, or video whose first frame is taken. Default: a grey grid.",
)
@click.option("--camera", metavar="NAME", help="Which camera. Default: the only one.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The PNG file to write."
)
def draw(file: Path, still: Path | None, camera: str | None, out: Path) -> None:
    """Draw a camera's zones, lines, masks, person heights and rules on a still."""
    from edge.cli.still import read_still, write_png  # noqa: PLC0415
    from edge.site.check import read_site  # noqa: PLC0415 - loads pydantic and shapely
    from edge.site.draw import draw_site, grid_still  # noqa: PLC0415 - loads OpenCV

    content = read_site(file)
    seen = _chosen_camera(file, content, camera)
    picture = draw_site(read_still(still) if still else grid_still(), content, seen)
    write_png(out, picture)
    voice.say(f"camera {seen.name} drawn to {out} ({picture.shape[1]} x {picture.shape[0]} px)")


def _check_one(path: Path, *, as_json: bool) -> int:
    """Check a file and say the outcome; the exit code it deserves."""
    from edge.site.check import read_site  # noqa: PLC0415 - loads pydantic and shapely
    from edge.site.problem import SiteError  # noqa: PLC0415

    try:
        content = read_site(path)
    except SiteError as error:
        if as_json:
            voice.print_json(_as_record(path, error))
        else:
            voice.show_error(error, debug=False)
        return error.exit_code
    if as_json:
        voice.print_json({"file": str(path), "is_good": True, "problems": []})
    else:
        click.echo(f"{path}: good: {_contents(content)}")
    return EXIT_OK


def _as_record(path: Path, error: "SiteError") -> dict[str, object]:
    problems = [dataclasses.asdict(problem) for problem in error.problems]
    return {"file": str(path), "is_good": False, "problems": problems}


def _contents(content: "SiteFile") -> str:
    counts = {
        "camera": content.cameras,
        "zone": content.zones,
        "line": content.lines,
        "schedule": content.schedules,
        "rule": content.rules,
    }
    return ", ".join(
        f"{len(found)} {word}{'' if len(found) == 1 else 's'}" for word, found in counts.items()
    )


def _chosen_camera(file: Path, content: "SiteFile", name: str | None) -> "Camera":
    names = ", ".join(camera.name for camera in content.cameras)
    if name is None:
        if len(content.cameras) > 1:
            raise click.UsageError(f"{file} has several cameras: say which with --camera ({names})")
        return content.cameras[0]
    for camera in content.cameras:
        if camera.name == name:
            return camera
    raise VigieError(
        Kind.NOT_FOUND, f'no camera is named "{name}"', where=str(file), hint=f"Known: {names}."
    )
