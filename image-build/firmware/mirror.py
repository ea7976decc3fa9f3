"""Where this machine's own apt gets Debian from. Read at run time, never written down."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError

SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TIMEOUT_SECONDS = 30.0
_PAUSES_SECONDS = (2.0, 8.0)
# Debian's own archives name their suites after releases; other vendors' archives do not.
_RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "stable", "testing", "sid"})
_FALLBACK_SUFFIXES = ("", "-updates", "-security")


@dataclass(frozen=True, slots=True)
class Archive:
    """One suite of Debian on a mirror. uri: without a slash at its end."""

    uri: str
    suite: str

    def line(self) -> str:
        """As apt's sources.list wants it."""
        return f"deb {self.uri} {self.suite} main"


def find_archives(apt_folder: Path = Path("/etc/apt")) -> tuple[Archive, ...]:
    """The image's suites on the mirrors that this machine uses for its own release.

    Raises VigieError when apt names no Debian mirror.
    """
    found: dict[str, str] = {}
    for uri, suite in _read_sources(apt_folder):
        release, dash, purpose = suite.partition("-")
        if release in _RELEASES and purpose.removesuffix("/updates") in {"", "updates", "security"}:
            found.setdefault(dash + purpose, uri.rstrip("/"))
    if "" not in found:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "apt on this machine names no Debian mirror",
            where=str(apt_folder),
            hint="Name one in a sources.list; the image's packages come from the same mirror.",
        )
    return tuple(
        Archive(found[suffix], SUITE + suffix) for suffix in _FALLBACK_SUFFIXES if suffix in found
    )


def fetch_release_date(archive: Archive, sleep: Callable[[float], None] = time.sleep) -> str:
    """When the mirror's suite last changed, in its own words. Raises VigieError(UNAVAILABLE)."""
    address = f"{archive.uri}/dists/{archive.suite}/InRelease"
    if not address.startswith(("http://", "https://", "file:")):
        raise VigieError(
            Kind.INVALID_ARGUMENT, f"a mirror is reached by http, not by {archive.uri}"
        )
    # A mirror has its moments; apt too asks three times.
    for pause_seconds in (*_PAUSES_SECONDS, None):
        try:
            with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
                text = answer.read().decode(errors="replace")
            break
        except (urllib.error.URLError, TimeoutError, OSError) as refused:
            if pause_seconds is None:
                raise VigieError(
                    Kind.UNAVAILABLE,
                    f"the Debian mirror of this machine does not answer for {archive.suite}: "
                    f"{refused}",
                    hint="See that 'apt-get update' works, then build again.",
                ) from None
            sleep(pause_seconds)
    return next((line for line in text.splitlines() if line.startswith("Date:")), "Date: none")


def _read_sources(apt_folder: Path) -> Iterator[tuple[str, str]]:
    """Each (uri, suite) that carries binary packages, in apt's order."""
    files = [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*"))]
    for path in files:
        if not path.is_file():
            continue
        if path.suffix == ".sources":
            yield from _deb822(path.read_text())
        elif path.suffix == ".list":
            yield from _one_line(path.read_text())


def _one_line(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or words[0] != "deb":
            continue
        rest = words[1:]
        if rest and rest[0].startswith("["):
            closing = next((at for at, word in enumerate(rest) if word.endswith("]")), 0)
            rest = rest[closing + 1 :]
        if len(rest) > 1:
            yield rest[0], rest[1]


def _deb822(text: str) -> Iterator[tuple[str, str]]:
    for stanza in text.split("\n\n"):
        fields: dict[str, list[str]] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields.setdefault(key, []).extend(line.split())
            else:
                name, _, values = line.partition(":")
                key = name.strip().lower()
                fields[key] = values.split()
        if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
            for uri in fields.get("uris", []):
                for suite in fields.get("suites", []):
                    yield uri, suite
