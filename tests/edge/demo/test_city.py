"""The demo's mandate stands from run to run, until what it was signed for is another."""

from pathlib import Path

import pytest

from edge.demo.city import City
from edge.demo.process import run_command

Commands = list[tuple[str, ...]]
SITE = Path("edge/demo/sites/street.toml")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands that the demo gives. A collector and keys stand in the system's tests."""
    commands: Commands = []

    def run(arguments: list[str]) -> list[dict[str, object]]:
        commands.append(tuple(arguments[:2]))
        return run_command(arguments) if arguments[0] == "models" else []

    monkeypatch.setattr("edge.demo.city.run_command", run)
    return commands


def add_detector(models: Path, sha256: str) -> None:
    shipped = Path("models/street-n/card.toml").read_text()
    kept = [line for line in shipped.splitlines() if not line.startswith("sha256")]
    place = models / "street-n"
    place.mkdir(parents=True, exist_ok=True)
    (place / "card.toml").write_text("\n".join([f'sha256 = "{sha256}"', *kept]))


def test_a_mandate_stands_until_a_detector_is_another_file(tmp_path: Path, given: Commands) -> None:
    city, models = City(tmp_path, tmp_path / "collector"), tmp_path / "models"
    assert city.ensure_mandate(SITE, models, "pole")
    assert not city.ensure_mandate(SITE, models, "pole")
    add_detector(models, "0" * 64)
    assert city.ensure_mandate(SITE, models, "pole")
    assert not city.ensure_mandate(SITE, models, "pole")
    assert given.count(("mandate", "new")) == given.count(("mandate", "deliver")) == 2
    assert city.ensure_mandate(SITE, models, "another-pole")
