"""The demo's clip: taken once, coded as a camera would, and refused in one sentence."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from edge.demo import clip
from edge.errors import Kind, VigieError


@pytest.fixture
def avi(tmp_path: Path) -> Path:
    """A short film in an old codec, as the package's clip is."""
    path = tmp_path / "film.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(45):
            picture = np.full((64, 96, 3), number * 5, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def package(folder: Path, content: dict[str, Path]) -> Path:
    """A Debian package with the given files."""
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: opencv-doc\nVersion: 1\nArchitecture: all\nMaintainer: t <t@t>\nDescription: t\n"
    )
    for name, source in content.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    archive = folder / "opencv-doc_1_all.deb"
    subprocess.run(["dpkg-deb", "-b", root, archive], check=True, capture_output=True)
    return archive


def test_only_the_clip_is_taken_out_of_the_package(tmp_path: Path, avi: Path) -> None:
    archive = package(tmp_path, {clip.CLIP_IN_PACKAGE: avi})
    taken = clip.extract_clip(archive, tmp_path)
    assert taken.read_bytes() == avi.read_bytes()


def test_a_package_without_the_clip_is_named(tmp_path: Path, avi: Path) -> None:
    archive = package(tmp_path, {"./usr/share/other.avi": avi})
    with pytest.raises(VigieError) as refused:
        clip.extract_clip(archive, tmp_path)
    assert refused.value.kind is Kind.DATA_LOSS
    assert refused.value.what == (
        "opencv-doc_1_all.deb does not contain ./usr/share/doc/opencv-doc/examples/data/vtest.avi"
    )


def test_the_clip_is_coded_as_a_street_camera_codes(tmp_path: Path, avi: Path) -> None:
    coded = tmp_path / "coded.mp4"
    clip.code_as_camera(avi, coded)
    with av.open(str(coded)) as camera:
        packets = [packet for packet in camera.demux(video=0) if packet.size]
        assert camera.streams.video[0].codec_context.name == "h264"
    assert len(packets) == 45
    assert [number for number, packet in enumerate(packets) if packet.is_keyframe] == [0, 20, 40]
    assert all(packet.pts == packet.dts for packet in packets), "a camera sends no B frames"


def test_a_clip_that_is_no_film_is_refused(tmp_path: Path) -> None:
    noise = tmp_path / "noise.avi"
    noise.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(VigieError) as refused:
        clip.code_as_camera(noise, tmp_path / "out.mp4")
    assert refused.value.kind is Kind.DATA_LOSS
    assert "noise.avi cannot be coded again" in refused.value.what


def test_a_cached_clip_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / clip.CLIP_NAME).write_bytes(b"kept")
    said: list[str] = []
    assert clip.ensure_clip(tmp_path, said.append).read_bytes() == b"kept"
    assert said == []
