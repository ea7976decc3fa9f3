"""`vigie edge units`: what the eye's unit lets through for a site's cameras."""

from pathlib import Path

from tests.fakes.control_room import run_vigie

SITE = """\
version = 1
[site]
name = "town"
"""
CAMERA = '[[camera]]\nname = "{}"\nsource = "{}"\n'


def units(tmp_path: Path, *sources: str) -> tuple[int, list[str], str]:
    """Exit code, the drop-in's settings, and what was said to the person."""
    cameras = "".join(CAMERA.format(f"c{n}", source) for n, source in enumerate(sources))
    (tmp_path / "site.toml").write_text(SITE + cameras)
    done = run_vigie("edge", "units", "--site", tmp_path / "site.toml")
    return done.returncode, done.stdout.splitlines()[1:], done.stderr


def test_each_camera_is_let_through_by_its_address_alone(tmp_path: Path) -> None:
    sources = ("rtsp://user:secret@192.0.2.7/stream", "rtsp://[2001:db8::7]:554/s", "sim:street")
    code, settings, said = units(tmp_path, *sources)
    assert (code, said) == (0, "")
    assert settings == [
        "[Service]",
        "PrivateNetwork=no",
        "RestrictAddressFamilies=AF_INET AF_INET6",
        "IPAddressAllow=192.0.2.7",
        "IPAddressAllow=2001:db8::7",
    ]


def test_without_network_cameras_there_is_no_network(tmp_path: Path) -> None:
    assert units(tmp_path, "v4l2:/dev/video0")[1] == ["[Service]", "PrivateNetwork=yes"]


def test_a_camera_with_a_name_is_asked_for_its_address(tmp_path: Path) -> None:
    code, _, said = units(tmp_path, "rtsp://camera.example/stream")
    assert code == 3
    assert said.startswith(
        "vigie: camera c0 is reached by the name camera.example; the wall lets through addresses\n"
    )
