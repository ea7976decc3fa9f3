"""The allow-list: what is named, what that needs, and nothing else."""

import lzma
from pathlib import Path

import pytest

from edge.errors import VigieError
from firmware.kernel import Kernel, find_kernel, load_order, module_bytes, module_name

DEPENDENCIES = """\
kernel/fs/erofs/erofs.ko.xz: kernel/lib/lz4.ko.xz
kernel/lib/lz4.ko.xz:
kernel/crypto/crc32c_generic.ko.xz:
kernel/drivers/md/dm-verity.ko.xz: kernel/drivers/md/dm-bufio.ko.xz kernel/drivers/md/dm-mod.ko.xz
kernel/drivers/md/dm-bufio.ko.xz: kernel/drivers/md/dm-mod.ko.xz
kernel/drivers/md/dm-mod.ko.xz:
kernel/drivers/net/unwanted.ko.xz:
"""


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    modules = tmp_path / "lib" / "modules" / "6.12-test"
    modules.mkdir(parents=True)
    (modules / "modules.dep").write_text(DEPENDENCIES)
    (modules / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "vmlinuz-6.12-test").write_bytes(b"kernel")
    return find_kernel(tmp_path)


def names(order: list[Path]) -> list[str]:
    return [module_name(path) for path in order]


def test_a_module_comes_after_all_that_it_needs(kernel: Kernel) -> None:
    assert names(load_order(kernel, ["dm-verity"], {})) == ["dm_mod", "dm_bufio", "dm_verity"]


def test_what_the_tables_leave_unsaid_is_said_by_the_profile(kernel: Kernel) -> None:
    order = names(load_order(kernel, ["erofs"], {"erofs": ("crc32c_generic",)}))
    assert order == ["crc32c_generic", "lz4", "erofs"]


def test_nothing_is_loaded_twice_and_nothing_unnamed(kernel: Kernel) -> None:
    order = names(load_order(kernel, ["dm_mod", "dm_verity", "dm_verity"], {}))
    assert order == ["dm_mod", "dm_bufio", "dm_verity"]


def test_what_the_kernel_has_built_in_is_left_out(kernel: Kernel) -> None:
    assert load_order(kernel, ["ext4"], {}) == []


def test_a_module_that_the_kernel_does_not_know_stops_the_build(kernel: Kernel) -> None:
    with pytest.raises(VigieError, match="has no module imx708"):
        load_order(kernel, ["imx708"], {})


def test_a_folder_without_one_kernel_is_refused(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "lib" / "modules" / "6.13-other").mkdir()
    with pytest.raises(VigieError, match="2 sets of modules"):
        find_kernel(tmp_path)


def test_a_packed_module_is_unpacked_for_the_initramfs(tmp_path: Path) -> None:
    packed = tmp_path / "one.ko.xz"
    packed.write_bytes(lzma.compress(b"module"))
    assert module_bytes(packed) == b"module"
