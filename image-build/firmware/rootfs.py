"""Debian's part of the root: packages from this machine's mirror, kept by their inputs.

The archive holds no address of a mirror. The kernel package is fetched beside it and never
installed: its scripts would build an initramfs that nobody boots.
"""

import os
from pathlib import Path

from edge.errors import Kind, VigieError
from firmware.building import Build, digest
from firmware.mirror import KEYRING, SUITE, Archive, fetch_release_date, find_archives
from firmware.run import ProgramError, run

PACKAGES = (
    # the system
    "systemd",
    "systemd-sysv",
    "systemd-repart",
    "udev",
    "dbus",
    "dbus-daemon",
    "kmod",
    "busybox-static",
    "util-linux",
    # the interpreter of Vigie
    "python3",
    # data at rest, file systems, updates
    "cryptsetup-bin",
    "e2fsprogs",
    "dosfstools",
    "rauc",
    "rauc-service",
    # network: cable, Wi-Fi, modem
    "iproute2",
    "network-manager",
    "wpasupplicant",
    "modemmanager",
)
NOT_UNPACKED = (
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/bash-completion/*",
    "/usr/share/zsh/*",
    "/usr/share/lintian/*",
    "/usr/share/doc/*",
    # Names of devices for people; building its index takes minutes under emulation.
    "/usr/lib/udev/hwdb.d/*",
)
UNPACKED_ALL_THE_SAME = ("/usr/share/doc/*/copyright",)
# Every file of the archive is as old as this; the image's own date is set when the slot is made.
ARCHIVE_EPOCH = 1_700_000_000

# In mmdebstrap's hooks $1 is the root; apt runs outside of it with the image's settings.
_FETCH_KERNEL = """\
set -eu
cd {folder}
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
real=$(apt-cache show {package} | sed -n 's/^Depends: \\(linux-image-[^ ,]*\\).*/\\1/p' | sed -n 1p)
apt-get -qq download "$real"
"""
_FORGET_MIRROR = 'rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d "$1"/etc/resolv.conf'


def unpack_rootfs(build: Build) -> Path | None:
    """Unpack Debian's part into `build.root`, from the cache where the inputs are the same.

    Returns the kernel's package, where the board takes Debian's. Raises VigieError.
    """
    archives = find_archives()
    folder = build.cache / "rootfs" / rootfs_name(build, archives)
    tar = folder / "root.tar"
    if tar.is_file():
        build.steps.note(f"from the cache: {folder.name}")
    else:
        _bootstrap(build, archives, folder, tar)
    build.root.mkdir(parents=True)
    run(["tar", "-C", build.root, "-xpf", tar, "--numeric-owner", "--xattrs-include=*"])
    return next(iter(sorted(folder.glob("linux-image-*.deb"))), None)


def rootfs_name(build: Build, archives: tuple[Archive, ...]) -> str:
    """The archive's name: what goes in, and when the mirror last changed."""
    dates = [(archive.suite, fetch_release_date(archive)) for archive in archives]
    inputs = [
        *(_included(build), NOT_UNPACKED, UNPACKED_ALL_THE_SAME, ARCHIVE_EPOCH),
        *(_FETCH_KERNEL, _FORGET_MIRROR, build.board.kernel.package, dates),
    ]
    return f"{build.board.architecture}-{digest(inputs)}"


def _check_emulation(build: Build) -> None:
    """A board of another kind than this machine needs the kernel to start its programs by QEMU."""
    try:
        run(["arch-test", build.board.architecture])
    except ProgramError:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"this machine starts no programs for {build.board.architecture}",
            hint="Let the kernel start them by QEMU: tools/debian image",
        ) from None


def _included(build: Build) -> list[str]:
    return sorted({*PACKAGES, *build.board.packages})


def _bootstrap(build: Build, archives: tuple[Archive, ...], folder: Path, tar: Path) -> None:
    if os.geteuid() != 0:
        raise VigieError(
            Kind.PERMISSION_DENIED,
            "a root file system is made by root",
            hint="Run the build as root, in a virtual machine or a container if you like.",
        )
    _check_emulation(build)
    # Made aside and renamed: a build that was stopped leaves nothing that looks whole.
    making = folder.with_suffix(".making")
    run(["rm", "-rf", making, folder])
    making.mkdir(parents=True)
    hooks = [_FORGET_MIRROR]
    if build.board.kernel.package:
        script = _FETCH_KERNEL.format(folder=making, package=build.board.kernel.package)
        hooks = [script, *hooks]
    words: list[str | Path] = [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        f"--architectures={build.board.architecture}",
        f"--include={','.join(_included(build))}",
        f"--keyring={KEYRING}",
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_UNPACKED),
        *(f"--dpkgopt=path-include={pattern}" for pattern in UNPACKED_ALL_THE_SAME),
        *(f"--customize-hook={hook}" for hook in hooks),
        "--skip=output/dev",
        SUITE,
        making / tar.name,
        "-",
    ]
    sources = "".join(f"{archive.line()}\n" for archive in archives)
    run(words, env={"SOURCE_DATE_EPOCH": str(ARCHIVE_EPOCH)}, text_in=sources)
    making.rename(folder)
