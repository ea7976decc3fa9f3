"""`vigie rules`: what it prints, and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli.main import vigie
from edge.errors import VigieError
from edge.eye.detector import Library
from edge.eye.sim.street import Street
from tests.edge.eye.camera.films import Film, Picture, write_film

SITE = """
version = 1
[site]
name = "town"
[[camera]]
name = "north"
source = "sim:street"
[[zone]]
name = "yard"
camera = "north"
polygon_frac = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
[[rule]]
name = "keep-out"
function = "intrusion"
zone = "yard"
"""
BUSY = 300  # from this picture on people pass
EVENT = {
    "rule": "keep-out",
    "function": "intrusion",
    "phase": "start",
    "camera": "north",
    "place": "yard",
    "class": "person",
    "model": "ssd-coco15",
    "version": "0102030405060708",
    "parameters": {"min_seconds": "1"},
    "score_percent": 82,
    "duration_ms": 1000,
    "trace": "e700",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    return path


def ran(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(vigie, ["rules", *words], input=stdin)


def test_check_lists_rules_with_their_versions(site: Path) -> None:
    record = json.loads(ran("check", str(site), "--json").stdout)
    assert record["rule"] == "keep-out"
    assert record["camera"] == "north"
    assert record["schedule"] == "always"
    assert len(record["version"]) == 16
    assert record["parameters"]["min_seconds"] == "1"
    assert "keep-out  intrusion" in ran("check", str(site)).stdout


def test_draw_writes_a_picture(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "rules.png"
    assert ran("draw", str(site), "--out", str(out)).exit_code == 0
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("lang", "opening"),
    [
        ("en", "A person is in zone 'yard' for 1 s, confidence 82 %"),
        ("fr", "Une personne se trouve dans la zone « yard » pendant 1 s, confiance 82 %"),
        ("es", "Una persona está en la zona «yard» durante 1 s, confianza 82 %"),
    ],
)
def test_explain_says_it_in_a_sentence(lang: str, opening: str) -> None:
    said = ran("explain", "--lang", lang, stdin=json.dumps(EVENT)).stdout
    assert said.startswith(opening)
    assert "01020304" in said
    assert "ssd-coco15" in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"function": "dance"}, "function 'dance' is none that this vigie knows"),
        ({"phase": "later"}, "phase 'later' is none of start, update, end"),
        ({"trace": "xyz"}, "trace is not in hexadecimal"),
        ({"duration_ms": "1 s"}, "duration_ms is no whole number that an event can have"),
        ({"trace": "01"}, "a trace has 1 bytes; it must have an even number, at most 96"),
        ({"parameters": 3}, "parameters is no object of names and texts"),
        ({"place": 7}, "place is no text"),
    ],
)
def test_explain_refuses_what_no_event_can_have(change: dict[str, object], message: str) -> None:
    assert refusal_of(json.dumps(EVENT | change)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [("not json", "this is no event in JSON"), ("[1]", "this is no JSON object")],
)
def test_explain_refuses_what_is_no_event(text: str, message: str) -> None:
    assert refusal_of(text) == message


def refusal_of(text: str) -> str:
    refused = ran("explain", stdin=text)
    assert isinstance(refused.exception, VigieError)
    return refused.exception.what


def test_replay_names_the_cameras_there_are(site: Path) -> None:
    refused = ran("replay", "sim:street", "--site", str(site), "--camera", "south")
    assert isinstance(refused.exception, VigieError)
    assert refused.exception.what == "the site has no camera 'south'; it has north"


def test_replay_takes_at_most_two_sites(site: Path) -> None:
    words = ["replay", "x.mp4", *(["--site", str(site)] * 3)]
    assert "give one or two site files" in ran(*words).output


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the drawn street, with people in it."""
    drawn = Street()

    def draw(number: int, _width_px: int, _height_px: int) -> Picture:
        return drawn.draw(BUSY + number)[:, :, ::-1]

    height_px, width_px, _ = drawn.draw(BUSY).shape
    stamps = [number * 100 for number in range(60)]
    fast = {"preset": "ultrafast"}
    film = Film(width_px, height_px, len(stamps), draw=draw, stamps=stamps, options=fast)
    return write_film(tmp_path_factory.mktemp("street") / "street.mkv", film)


def replayed(street: Path, models: Library, *sites: Path) -> tuple[int, list[dict[str, str]]]:
    """Exit code and events of `rules replay`."""
    words = ["replay", str(street), "--models", str(models.models_dir), "--json"]
    for site in sites:
        words += ["--site", str(site)]
    done = ran(*words)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def test_replay_with_two_sites_shows_which_events_differ(
    street: Path, built_models: Library, site: Path, tmp_path: Path
) -> None:
    alone = replayed(street, built_models, site)[1]
    assert alone
    assert {event["rule"] for event in alone} == {"keep-out"}

    code, events = replayed(street, built_models, site, site)
    assert (code, [event["difference"] for event in events]) == (0, ["="] * len(alone))

    # The same zone watched by one rule more.
    other = tmp_path / "other.toml"
    rule = '[[rule]]\nname = "stay"\nfunction = "intrusion"\nzone = "yard"\n'
    other.write_text(SITE + rule)
    code, events = replayed(street, built_models, site, other)
    assert code == 1
    told = {(event["difference"], event["rule"]) for event in events}
    assert told == {("=", "keep-out"), ("+", "stay")}
    assert sum(event["difference"] == "=" for event in events) == len(alone)

    code, events = replayed(street, built_models, other, site)
    told = {(event["difference"], event["rule"]) for event in events}
    assert (code, told) == (1, {("=", "keep-out"), ("-", "stay")})


def test_replay_without_the_model_says_how_to_get_it(site: Path, tmp_path: Path) -> None:
    site.write_text(SITE + '\n[detection]\nmodel = "ssd-coco15"\n')
    refused = ran("replay", "x.mp4", "--site", str(site), "--models", str(tmp_path))
    assert isinstance(refused.exception, VigieError)
    assert refused.exception.what == "the file of model 'ssd-coco15' is not there"
    assert refused.exception.hint == "Build it with 'vigie models build ssd-coco15'."
