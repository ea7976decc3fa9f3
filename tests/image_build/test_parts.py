"""Sizes by part: every file counts once, for the part it stands in."""

from pathlib import Path

from firmware.parts import part_sizes


def test_every_file_counts_once(tmp_path: Path) -> None:
    for name, size in (
        ("opt/vigie/lib/python3.13/site-packages/edge/eye/step.py", 3),
        ("opt/vigie/lib/python3.13/site-packages/numpy/core.so", 50),
        ("usr/lib/modules/6.12/kernel/erofs.ko", 7),
        ("opt/vigie/lib/python3.13/site-packages/edge/cards/one/one.tflite", 11),
        ("usr/bin/busybox", 13),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    (tmp_path / "usr/bin/sh").symlink_to("busybox")
    sizes = part_sizes(tmp_path)
    assert (sizes["Vigie"], sizes["Python packages"], sizes["kernel modules"]) == (3, 50, 7)
    assert (sizes["detector"], sizes["Debian"]) == (11, 13)
