"""Bad site files: what is wrong with the text, and the exact message."""
# ruff: noqa: E501 - the table keeps one line each

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import Kind
from edge.site.check import load_site, read_site
from edge.site.problem import SiteError

GOOD = """\
version = 1
[site]
name = "gate"
[[camera]]
name = "north"
source = "sim:street"
[[zone]]
name = "lawn"
camera = "north"
polygon_frac = [[0, 0], [1, 0], [1, 1]]
[[line]]
name = "kerb"
camera = "north"
from_frac = [0, 0]
to_frac = [1, 1]
[[schedule]]
name = "night"
starts = "22:00"
ends = "06:00"
[[rule]]
name = "stay"
function = "loitering"
zone = "lawn"
[[rule]]
name = "crowd"
function = "occupancy"
zone = "lawn"
max_things = 4
"""

Row = tuple[str, str, str, str]
# fmt: off
TABLE: list[Row] = [
    ("no version", "version = 1\n", "", "1:1: version is missing; needed: 1 | Write 1, the only version of this format so far."),
    ("a newer version", "version = 1", "version = 2", "1:11: version 2 is newer than this vigie reads | Update vigie, or write the file for version = 1."),
    ("an older version", "version = 1", "version = 0", "1:11: version 0 never existed; allowed: 1 | Write version = 1."),
    ("a version in quotes", "version = 1", 'version = "1"', '1:11: version is "1"; allowed: 1 | Did you mean 1?'),
    ("no [site]", '[site]\nname = "gate"\n', "", "1:1: [site] is missing | Add a [site] table."),
    ("two [site] tables", "[site]", "[[site]]", "2:3: site is no table | Write it as [site]."),
    ("a control character in the site's name", '"gate"', '"gate\\u0007"', "3:8: name must have 1 to 80 printable characters"),
    ("an unknown key", 'name = "gate"', 'nme = "gate"\nname = "gate"', "3:1: unknown key nme in [site] | Did you mean name?"),
    ("an unknown key like no other", '"sim:street"', '"sim:street"\nfrobnicate = 1', "7:1: unknown key frobnicate in [camera] | Known here: name, source, analysis_fps, analysis_width_px, budget_ms_per_second, recording, mask, person_height."),
    ("an unknown table", "[[line]]", "[[wire]]\nx = 1\n[[line]]", "11:3: unknown key wire | Known here: version, site, camera, zone, line, schedule, rule, health, detection."),
    ("a table in the plural", "[[line]]", "[[schedules]]\nx = 1\n[[line]]", "11:3: unknown key schedules | Did you mean schedule?"),
    ("one [line] for a list", "[[line]]", "[line]", "11:2: line is no table | Write it as [[line]]."),
    ("minutes for seconds", 'function = "loitering"\n', 'function = "loitering"\nmin_minutes = 2\n', "23:1: unknown key min_minutes in [rule] | Did you mean min_seconds = 120? A key's unit stands in its name."),
    ("milliseconds for seconds", 'function = "loitering"\n', 'function = "loitering"\nleave_ms = 1500\n', "23:1: unknown key leave_ms in [rule] | Did you mean leave_seconds = 1.5? A key's unit stands in its name."),
    ("pixels for fractions in a key", 'function = "loitering"\n', 'function = "loitering"\nmax_radius_px = 200\n', "23:1: unknown key max_radius_px in [rule] | Did you mean max_radius_frac? A key's unit stands in its name."),
    ("a number too high", 'source = "sim:street"', 'source = "sim:street"\nanalysis_fps = 100', "7:16: analysis_fps is 100; allowed: a number above 0, at most 60"),
    ("a number that is zero", 'source = "sim:street"', 'source = "sim:street"\nanalysis_fps = 0', "7:16: analysis_fps is 0; allowed: a number above 0, at most 60"),
    ("not a number", 'source = "sim:street"', 'source = "sim:street"\nanalysis_fps = nan', "7:16: analysis_fps is nan; allowed: a number above 0, at most 60"),
    ("a number in quotes", 'source = "sim:street"', 'source = "sim:street"\nanalysis_fps = "10"', '7:16: analysis_fps is "10"; allowed: a number above 0, at most 60'),
    ("true for a number", 'source = "sim:street"', 'source = "sim:street"\nanalysis_fps = true', "7:16: analysis_fps is true; allowed: a number above 0, at most 60"),
    ("a recording that undoes a mask", 'source = "sim:street"', 'source = "sim:street"\nrecording = "camera"\n[[camera.mask]]\nname = "door"\npolygon_frac = [[0, 0], [0.5, 0], [0, 0.5]]', '7:13: recording as the camera sends it would keep what the masks hide | Write "masked" to encode the masked pictures anew, or "none".'),
    ("half a pixel", 'source = "sim:street"', 'source = "sim:street"\nanalysis_width_px = 640.5', "7:21: analysis_width_px is 640.5; allowed: a whole number from 160 to 1920"),
    ("a text for a list", 'function = "loitering"\n', 'function = "loitering"\nclasses = "person"\n', '23:11: classes is "person"; allowed: a list of at least 1 of: "person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal"'),
    ("an empty list of classes", 'function = "loitering"\n', 'function = "loitering"\nclasses = []\n', '23:11: classes is []; allowed: a list of at least 1 of: "person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal"'),
    ("a class with a typing slip", 'function = "loitering"\n', 'function = "loitering"\nclasses = ["person", "biycle"]\n', '23:22: classes[1] is "biycle"; allowed: one of: "person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal" | Did you mean "bicycle"?'),
    ("a class twice", 'function = "loitering"\n', 'function = "loitering"\nclasses = ["person", "person"]\n', "23:11: classes names something twice | Name each once."),
    ("capitals and a space in a rule's name", 'name = "stay"', 'name = "Stay 1"', '21:8: name "Stay 1" has characters that no name may have: space, \'S\' | A name has 1 to 40 of the characters a-z, 0-9, _ and -.'),
    ("an accent in a line's name", 'name = "kerb"', 'name = "traçé"', '12:8: name "traçé" has characters that no name may have: \'ç\', \'é\' | A name has 1 to 40 of the characters a-z, 0-9, _ and -.'),
    ("an empty name", 'name = "kerb"', 'name = ""', "12:8: name is empty | A name has 1 to 40 of the characters a-z, 0-9, _ and -."),
    ("a name that is too long", 'name = "kerb"', 'name = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"', "12:8: name has 41 characters; allowed: 1 to 40 | A name has 1 to 40 of the characters a-z, 0-9, _ and -."),
    ("a name twice", "[[line]]", '[[zone]]\nname = "lawn"\ncamera = "north"\npolygon_frac = [[0, 0], [1, 0], [0, 1]]\n[[line]]', '12:8: a zone named "lawn" stands above | Give each its own name.'),
    ("a camera that does not exist", 'name = "kerb"\ncamera = "north"', 'name = "kerb"\ncamera = "nort"', '13:10: no [[camera]] is named "nort" | Did you mean "north"?'),
    ("a zone that does not exist", 'function = "loitering"\nzone = "lawn"', 'function = "loitering"\nzone = "roof"', '23:8: no [[zone]] is named "roof" | Known: lawn.'),
    ("a line where a zone belongs", 'function = "loitering"\nzone = "lawn"', 'function = "loitering"\nzone = "kerb"', '23:8: no [[zone]] is named "kerb" | "kerb" is a [[line]].'),
    ("a schedule that does not exist", 'function = "loitering"\n', 'function = "loitering"\nschedule = "nights"\n', '23:12: no [[schedule]] is named "nights" | Did you mean "night"?'),
    ("a function that does not exist", '"loitering"', '"loitring"', '22:12: function is "loitring"; allowed: one of: "intrusion", "line_crossing", "loitering", "wrong_way", "count", "occupancy" | Did you mean "loitering"?'),
    ("a rule without a function", 'function = "loitering"\n', "", '20:3: function is missing; needed: one of: "intrusion", "line_crossing", "loitering", "wrong_way", "count", "occupancy"'),
    ("a rule without a zone", 'function = "loitering"\nzone = "lawn"\n', 'function = "loitering"\n', "20:3: zone is missing; needed: a text | Name of the zone it watches."),
    ("a polygon in pixels", "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [640, 0], [1, 1]]", "10:26: polygon_frac[1][0] is 640; allowed: a number from 0 to 1 | 640 looks like pixels; places are fractions of the frame: divide by the frame's width in pixels."),
    ("a line outside the frame", "to_frac = [1, 1]", "to_frac = [0.5, 1.2]", "15:17: to_frac[1] is 1.2; allowed: a number from 0 to 1 | Places are fractions of the frame: 0 is its left or top edge, 1 the other one."),
    ("a line in pixels", "to_frac = [1, 1]", "to_frac = [0.5, 480]", "15:17: to_frac[1] is 480; allowed: a number from 0 to 1 | 480 looks like pixels; places are fractions of the frame: divide by the frame's height in pixels."),
    ("a negative place", "to_frac = [1, 1]", "to_frac = [-0.1, 1]", "15:12: to_frac[0] is -0.1; allowed: a number from 0 to 1 | Places are fractions of the frame: 0 is its left or top edge, 1 the other one."),
    ("a point with three numbers", "to_frac = [1, 1]", "to_frac = [1, 1, 1]", "15:11: to_frac is [1, 1, 1]; allowed: a point [x, y], both numbers from 0 to 1"),
    ("a point with one number", "to_frac = [1, 1]", "to_frac = [1]", "15:11: to_frac is [1]; allowed: a point [x, y], both numbers from 0 to 1"),
    ("two corners", "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0]]", "10:16: polygon_frac is [[0, 0], [1, 0]]; allowed: a list of at least 3 points [x, y], numbers from 0 to 1"),
    ("a crossing polygon", "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 1], [1, 0], [0, 1]]", "10:16: polygon_frac crosses itself: the sides after corners 1 and 3 meet at [0.5, 0.5] | List the corners in the order in which you would walk around the region."),
    ("a polygon that runs back over itself", "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0], [1, 1], [0.5, 0.5], [0.7, 0.7]]", "10:16: polygon_frac touches itself at [0.5, 0.5] | Each corner may stand once, and no side may run back over another."),
    ("a polygon without area", "[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [0.5, 0.5], [1, 1]]", "10:16: polygon_frac encloses no area | Its corners lie on one line or in one spot; spread them out."),
    ("a line without length", "to_frac = [1, 1]", "to_frac = [0, 0]", "15:11: the line ends where it begins | Move one of its ends."),
    ("occupancy that never clears", "max_things = 4", "max_things = 4\nclear_things = 5", "29:16: clear_things is 5, above max_things (4): it would never clear | Write 4 or less."),
    ("a time zone with a typing slip", '"gate"', '"gate"\ntime_zone = "Europe/Pari"', '4:13: time_zone "Europe/Pari" does not exist | Did you mean "Europe/Paris"?'),
    ("a time zone of no place", '"gate"', '"gate"\ntime_zone = "Mars/Base"', '4:13: time_zone "Mars/Base" does not exist | Write one such as "Europe/Paris".'),
    ("an hour that does not exist", '"22:00"', '"25:00"', '18:10: starts "25:00" is no time of day | Write "HH:MM" from "00:00" to "23:59", "sunrise", "sunset-1h" or "sunrise+30min".'),
    ("seconds in a time", '"22:00"', "22:00:30", '18:10: starts "22:00:30" is no time of day | Write "HH:MM" from "00:00" to "23:59", "sunrise", "sunset-1h" or "sunrise+30min".'),
    ("a word that is no time", '"22:00"', '"sundown-1h"', '18:10: starts "sundown-1h" is no time of day | Write "HH:MM" from "00:00" to "23:59", "sunrise", "sunset-1h" or "sunrise+30min".'),
    ("a sun schedule without a place", '"22:00"', '"sunset-1h"', "18:10: a schedule by the sun needs to know where the pole stands | Add latitude_deg and longitude_deg to [site]."),
    ("half a place", '"gate"', '"gate"\nlatitude_deg = 48.8', "2:2: longitude_deg is missing beside its twin | Give both or neither."),
    ("a latitude of no place", '"gate"', '"gate"\nlatitude_deg = 91\nlongitude_deg = 0', "4:16: latitude_deg is 91; allowed: a number from -90 to 90"),
    ("a date that does not exist", 'ends = "06:00"', 'ends = "06:00"\nlast_date = "2026-02-30"', '20:13: last_date "2026-02-30" is no date | Write "YYYY-MM-DD", such as "2026-07-14".'),
    ("dates in the wrong order", 'ends = "06:00"', 'ends = "06:00"\nfirst_date = 2026-05-01\nlast_date = 2026-04-01', "21:13: last_date 2026-04-01 is before first_date 2026-05-01 | Swap them."),
    ("a weekday in full", 'ends = "06:00"', 'ends = "06:00"\nweekdays = ["monday"]', '20:13: weekdays[0] is "monday"; allowed: one of: "mon", "tue", "wed", "thu", "fri", "sat", "sun" | Did you mean "mon"?'),
    ("a source without its kind", '"sim:street"', '"/srv/x.mp4"', '6:10: source is of no known kind | For a file write "file:/srv/x.mp4". Known kinds of source: file:PATH, rtsp://…, v4l2:/dev/videoN, picamera2:N, sim:SCENE.'),
    ("a source of an unknown kind", '"sim:street"', '"http://192.0.2.7/x"', "6:10: source is of no known kind | Known kinds of source: file:PATH, rtsp://…, v4l2:/dev/videoN, picamera2:N, sim:SCENE."),
    ("a source with a typing slip", '"sim:street"', '"rstp://192.0.2.7/x"', "6:10: source is of no known kind | Did you mean rtsp://…? Known kinds of source: file:PATH, rtsp://…, v4l2:/dev/videoN, picamera2:N, sim:SCENE."),
    ("a source that names nothing", '"sim:street"', '"file:"', "6:10: source names nothing after file: | Known kinds of source: file:PATH, rtsp://…, v4l2:/dev/videoN, picamera2:N, sim:SCENE."),
    ("a word without quotes", '"sim:street"', "sim", '6:10: not TOML: this is no value | A text stands in double quotes: "north".'),
    ("a quote that is not closed", '"sim:street"', '"sim:street', '6:21: not TOML: a text is not closed on its line | Add the missing ".'),
    ("a list that is not closed", "to_frac = [1, 1]", "to_frac = [1, 1", "16:1: not TOML: a list is not closed | Add the missing ]."),
    ("a table's name that is not closed", "[[line]]", "[[line]", "11:7: not TOML: a table's name is not closed | Write [name] or [[name]]."),
    ("a key without a value", "max_things = 4", "max_things", "28:11: not TOML: a key without a value | Write key = value."),
    ("a key twice", "max_things = 4", "max_things = 4\nmax_things = 5", "29:15: not TOML: this key stands twice in its table | Keep one of them."),
    ("a list without an end", "max_things = 4", "max_things = [[[", '28:17: not TOML: this is no value | A text stands in double quotes: "north".'),
]
# fmt: on

NOT_FILES: list[tuple[str, Callable[[Path], object], Kind, str]] = [
    (
        "missing",
        lambda _: None,
        Kind.NOT_FOUND,
        "no such file | Check the path; 'vigie site check --schema' shows what a site file holds.",
    ),
    (
        "a directory",
        Path.mkdir,
        Kind.INVALID_ARGUMENT,
        "a directory, no file | Give the path of the TOML file in it.",
    ),
    (
        "a pipe",
        os.mkfifo,
        Kind.INVALID_ARGUMENT,
        "no ordinary file | Give the path of the TOML file.",
    ),
    (
        "not UTF-8",
        lambda path: path.write_bytes(b'version = 1\nname = "March\xe9"\n'),
        Kind.INVALID_ARGUMENT,
        "not UTF-8 text: byte 0xe9 on line 2 | Save it as UTF-8.",
    ),
    (
        "a recording",
        lambda path: path.write_bytes(bytes(1_000_001)),
        Kind.INVALID_ARGUMENT,
        "larger than 1,000,000 bytes; no site file is | Give the path of the TOML file.",
    ),
]


def said(error: SiteError) -> str:
    (problem,) = error.problems
    place = f"{problem.line}:{problem.column}: " if problem.line else ""
    return f"{place}{problem.what}" + (f" | {problem.hint}" if problem.hint else "")


def test_the_text_that_the_table_spoils_is_good() -> None:
    assert load_site(GOOD, file="site.toml").site.name == "gate"


@pytest.mark.parametrize(("wrong", "good", "bad", "message"), TABLE, ids=[row[0] for row in TABLE])
def test_a_spoilt_text_gets_one_exact_message(
    wrong: str, good: str, bad: str, message: str
) -> None:
    assert GOOD.count(good) == 1
    with pytest.raises(SiteError) as caught:
        load_site(GOOD.replace(good, bad), file="site.toml")
    assert said(caught.value) == message
    assert caught.value.kind is Kind.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("wrong", "make", "kind", "message"), NOT_FILES, ids=[row[0] for row in NOT_FILES]
)
def test_what_is_no_readable_text_gets_one_exact_message(
    wrong: str, make: Callable[[Path], object], kind: Kind, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "site.toml"
    make(path)
    with pytest.raises(SiteError) as caught:
        read_site(path)
    assert said(caught.value) == message
    assert caught.value.kind is kind
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_of_somebody_else_says_how_to_open_it(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0)
    with pytest.raises(SiteError) as caught:
        read_site(path)
    assert said(caught.value) == f"may not be read | Let this user read it: chmod a+r {path}"
    assert caught.value.kind is Kind.PERMISSION_DENIED


def test_everything_wrong_at_once_reads_as_one_page(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = repository / "tests" / "corpus" / "site"
    monkeypatch.chdir(corpus)
    with pytest.raises(SiteError) as caught:
        read_site(Path("everything-wrong.toml"))
    page = (corpus / "everything-wrong.txt").read_text(encoding="utf-8")
    assert f"{caught.value}\n" == page
    assert "hunter2" not in page


def test_text_of_random_bytes_never_ends_in_another_error() -> None:
    for depth in (1, 400, 20_000):
        with pytest.raises(SiteError):
            load_site(f"version = {'[' * depth}", file="site.toml")
        with pytest.raises(SiteError):
            load_site(f"version = {'[' * depth}{']' * depth}", file="site.toml")
