"""`vigie eye watch`: refused without a bench mandate, before anything is opened or written."""

from pathlib import Path

from click.testing import CliRunner

from edge.cli.main import vigie
from edge.errors import EXIT_CODES, Kind, VigieError

SITE = """
version = 1
[site]
name = "bench"
[[camera]]
name = "north"
source = "sim:street"
"""


def test_watching_without_a_mandate_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    site, out = tmp_path / "site.toml", tmp_path / "seen.mp4"
    site.write_text(SITE)
    words = ["eye", "watch", "--source", "file:absent.mp4", "--site", str(site)]
    run = CliRunner().invoke(vigie, [*words, "--data", str(tmp_path), "--out", str(out)])
    assert isinstance(run.exception, VigieError)
    assert run.exception.exit_code == EXIT_CODES[Kind.PERMISSION_DENIED]
    assert "nothing may be seen on camera 'north' now" in str(run.exception)
    assert not out.exists()
