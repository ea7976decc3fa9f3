"""Where a pole's state lies: the same option for every command that reads it on the pole."""

from pathlib import Path

import click

pole_data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/vigie/pole"),
    show_default=True,
    help="Data directory of the device.",
)
