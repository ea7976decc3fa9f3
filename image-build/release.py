"""Pack a built image for people to download, and say where to Raspberry Pi Imager.

    python image-build/release.py OUT/vigie-rpi-0.1.0.img --at https://example.org/vigie

Beside the image appear NAME.img.xz, which is unpacked again and compared with the manifest, and
NAME.os_list.json. There is no .bmap on purpose: it would leave out the blank `state` partition, and
what an earlier pole kept there would stay on the card.
"""

import datetime as dt
import json
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.program import run_program
from edge.cli.progress import show_progress
from edge.flash.image import load_image
from firmware.imager import Offer, os_list
from firmware.run import run

# The same blocks on every machine, whatever its cores: so the packed file repeats too.
_XZ = ("xz", "--keep", "--force", "-6", "--threads=2", "--block-size=16MiB")


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--at", required=True, metavar="URL", help="The folder that people download from.")
@click.option("--icon", default="vigie.png", help="The picture's name there.  [default: vigie.png]")
def main(image: Path, at: str, icon: str) -> None:
    """Pack an image, check what was packed, write its Imager list."""
    speaker = voice.Voice(debug=False, plain=False)
    base = at.rstrip("/")
    load_image(image)
    with show_progress(speaker, f"packing {image.name}"):
        run([*_XZ, image])
    packed = load_image(image.with_name(f"{image.name}.xz"))
    with show_progress(speaker, f"checking {packed.path.name}", "bytes") as report:
        packed.check(report)
    name = image.name.removesuffix(".img")
    manifest = json.loads(image.with_name(f"{name}.manifest.json").read_text())
    offer = Offer(
        url=f"{base}/{packed.path.name}",
        icon=f"{base}/{icon}",
        website=f"{base}/",
        version=str(manifest["version"]),
        released=dt.datetime.fromtimestamp(int(manifest["epoch"]), dt.UTC).date(),
    )
    listed = os_list(packed, packed.path.stat().st_size, offer)
    target = image.with_name(f"{name}.os_list.json")
    target.write_text(json.dumps(listed, indent=2) + "\n")
    click.echo(f"{packed.path}\n{target}")


if __name__ == "__main__":
    run_program(main, "release.py", shows_where_bugs_are=True)
