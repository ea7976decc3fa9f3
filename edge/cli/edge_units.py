"""`vigie edge units`: the eye's way to cameras on the network, and to nothing else."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.site.model import Camera

UNITS_EXAMPLES = """\
\b
Examples:
  vigie edge units --site site.toml
  vigie edge units --site /etc/vigie/site.toml \\
    > /etc/systemd/system/vigie-eye.service.d/cameras.conf
\b
Then: systemctl daemon-reload && systemctl restart vigie-eye
"""


@click.command(epilog=UNITS_EXAMPLES)
@click.option(
    "--site", type=click.Path(path_type=Path), required=True, help="The pole's site file."
)
def units(site: Path) -> None:
    """Print the drop-in that lets the eye reach the site's network cameras, by address alone.

    Without network cameras it takes the network away altogether, as the unit itself does.
    """
    from edge.site.check import read_site  # noqa: PLC0415 - pydantic

    cameras = [each for each in read_site(site).cameras if each.source.startswith("rtsp")]
    click.echo(f"# Written by 'vigie edge units' from {site}; write it anew when cameras change.")
    click.echo("[Service]")
    if not cameras:
        click.echo("PrivateNetwork=yes")
        return
    click.echo("PrivateNetwork=no")
    click.echo("RestrictAddressFamilies=AF_INET AF_INET6")
    for camera in cameras:
        click.echo(f"IPAddressAllow={_address(camera)}")


def _address(camera: "Camera") -> str:
    """The camera's address; a name would need a resolver, and the wall knows addresses only."""
    host = urlsplit(camera.source).hostname or ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"camera {camera.name} is reached by the name {host}; the wall lets through addresses",
            hint=f"Write its IP address in the site file: 'getent hosts {host}' shows it.",
        ) from None
