"""The root's own files: Vigie's units and settings over Debian's, and what a pole does without."""

import shutil
from pathlib import Path

from firmware.building import IMAGE_BUILD, SHARE, Build
from firmware.run import run

# Packages whose work is done when the image is: their files go, their names are in no SBOM.
REMOVED_PACKAGES = ("apt", "libapt-pkg7.0", "sqv", "perl-base", "debconf", "dpkg")
_EMPTIED = ("boot", "dev", "proc", "sys", "run", "tmp", "var/cache", "var/log", "var/lib/apt")
_REMOVED = (
    "etc/systemd/system",
    "etc/apt",
    "etc/cron.d",
    "etc/cron.daily",
    "etc/fstab",
    "etc/motd",
    "etc/init.d",
    "etc/ssh",
    "etc/passwd-",
    "etc/shadow-",
    "etc/group-",
    "etc/gshadow-",
    "etc/subuid-",
    "etc/subgid-",
    "etc/resolv.conf",
    "var/lib/dpkg",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "vmlinuz",
    "initrd.img",
)
# Units without a choice of their own: what asks a person, writes to a root that takes no writes,
# or serves what a pole has not.
MASKED = (
    "autovt@.service",
    "console-getty.service",
    "container-getty@.service",
    "debug-shell.service",
    "e2scrub_all.service",
    "e2scrub_reap.service",
    "getty-static.service",
    "getty.target",
    "getty@.service",
    "hwclock.service",
    "ldconfig.service",
    "rc-local.service",
    "serial-getty@.service",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-hwdb-update.service",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-machine-id-commit.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-repart.service",
    "systemd-rfkill.service",
    "systemd-rfkill.socket",
    "systemd-tpm2-setup-early.service",
    "systemd-tpm2-setup.service",
    "systemd-update-done.service",
    "systemd-update-utmp.service",
    "systemd-user-sessions.service",
)
_UNITS = Path("usr/lib/systemd/system")
# The verdict's time begins when its program runs; then the restart takes a while.
_GUARD_AFTER_SECONDS = 300


def keep_package_list(build: Build) -> Path:
    """Copy dpkg's list out of the root, before it is removed, for the SBOM."""
    kept = build.work / "dpkg-status"
    shutil.copyfile(build.root / "var/lib/dpkg/status", kept)
    return kept


def remove_unused(build: Build) -> None:
    """Take away what only made the image: apt, dpkg, caches, logs, back-up copies."""
    for package in REMOVED_PACKAGES:
        _remove_package(build.root, package)
    for name in _REMOVED:
        _remove(build.root / name)
    for name in _EMPTIED:
        _remove(build.root / name)
        (build.root / name).mkdir()


def install_files(build: Build) -> None:
    """Lay Vigie's units, settings and keys over the root."""
    lay_over(IMAGE_BUILD / "rootfs", build.root)
    install_units(build.root)
    share = build.root / SHARE
    share.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(build.keys.ca, share / "update-ca.pem")
    shutil.copyfile(build.keys.provision_public, share / "provision.pub")
    (share / "board.env").write_text(build.board.settings(build.version, build.epoch))
    if build.overlay:
        shutil.copytree(build.overlay, build.root, dirs_exist_ok=True, symlinks=True)
    _fill_templates(build)


def lay_over(source: Path, root: Path) -> None:
    """Copy a checkout's files, with modes that do not depend on the umask it was made under."""
    shutil.copytree(source, root, dirs_exist_ok=True, symlinks=True)
    for path in (source, *source.rglob("*")):
        if not path.is_symlink():
            is_program = path.is_dir() or path.stat().st_mode & 0o100
            (root / path.relative_to(source)).chmod(0o755 if is_program else 0o644)


def install_units(root: Path) -> None:
    """The rooms' units, their users and their folders: the same on an image and in a package."""
    units = IMAGE_BUILD / "units"
    names = {unit.name: _UNITS / unit.name for unit in sorted(units.glob("*.service"))}
    names["vigie.sysusers"] = Path("usr/lib/sysusers.d/vigie.conf")
    names["vigie.tmpfiles"] = Path("usr/lib/tmpfiles.d/vigie.conf")
    for name, place in names.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(units / name, root / place)


def settle(build: Build) -> None:
    """Users, the choice of units, and the empty files that make a read-only root work."""
    run(["systemd-sysusers", f"--root={build.root}"])
    for name in ("passwd-", "shadow-", "group-", "gshadow-"):
        _remove(build.root / "etc" / name)
    run(["systemctl", f"--root={build.root}", "--preset-mode=full", "preset-all"])
    etc = build.root / "etc"
    for unit in MASKED:
        mask = etc / "systemd/system" / unit
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")
    (etc / "systemd/system/default.target").symlink_to(f"/{_UNITS}/multi-user.target")
    # Empty, not missing: systemd makes one up at each boot and takes no boot for the first.
    (etc / "machine-id").write_text("")
    (etc / "resolv.conf").write_text("")
    (etc / "hostname").write_text("vigie\n")
    (etc / "hosts").write_text("127.0.0.1 localhost vigie\n::1 localhost vigie\n")
    # systemd never sets its clock before this file's date, which is the image's.
    (build.root / "usr/lib/clock-epoch").write_text("")
    for folder in ("state", "var/lib/vigie"):
        (build.root / folder).mkdir(parents=True, exist_ok=True)


def _fill_templates(build: Build) -> None:
    """Put the board's words where settings name them as @WORD@."""
    words = {
        "@BOARD@": build.board.name,
        "@VERSION@": build.version,
        "@WATCHDOG_SECONDS@": str(build.board.device.watchdog_seconds),
        "@GUARD_SECONDS@": str(build.board.device.trial_seconds + _GUARD_AFTER_SECONDS),
    }
    for source in sorted((IMAGE_BUILD / "rootfs").rglob("*")):
        if not source.is_file() or source.is_symlink():
            continue
        path = build.root / source.relative_to(IMAGE_BUILD / "rootfs")
        text = path.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        path.write_text(text)
    release = build.root / "usr/lib/os-release"
    kept = [line for line in release.read_text().splitlines() if not line.startswith("IMAGE_")]
    kept += ["IMAGE_ID=vigie", f"IMAGE_VERSION={build.version}"]
    release.write_text("\n".join([*kept, ""]))


def _remove_package(root: Path, package: str) -> None:
    """Remove a package's files; folders stay, others may use them."""
    lists = sorted((root / "var/lib/dpkg/info").glob(f"{package}.list")) + sorted(
        (root / "var/lib/dpkg/info").glob(f"{package}:*.list")
    )
    for listing in lists:
        for line in listing.read_text().splitlines():
            path = root / line[1:]
            if path.is_symlink() or path.is_file():
                path.unlink()


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
