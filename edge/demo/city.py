"""The demo's authority: its key, whom its poles believe, and the bench mandate for its site.

What a city does over weeks and with several people, done here with the same commands by one.
Everything under this mandate is marked BENCH.
"""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from edge.demo.process import run_command

AUTHORITY = "The demo's city"
SIGNER, READER = "demo-mayor", "demo-control-room"
MANDATE_DAYS = 30
# A mandate that ends sooner is replaced, so that none ends during a demo.
LEAST_DAYS = 2
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class City:
    """The authority of one demo. folder: where its keys stay between demos.

    collector: the collector's data directory.
    """

    folder: Path
    collector: Path

    @property
    def reader_key(self) -> Path:
        """Opens the demo's clips."""
        return self.folder / f"{READER}.key.pem"

    @property
    def trust(self) -> Path:
        """Whom the demo's poles believe."""
        return self.folder / "trust.json"

    @property
    def mandate(self) -> Path:
        """The signed mandate in force."""
        return self.folder / "mandate.signed.json"

    def ensure_trust(self) -> str:
        """Make keys and trust file when there are none, let the collector have it.

        Returns its fingerprint. Raises VigieError when a command fails.
        """
        noted = self.folder / "fingerprint"
        if noted.exists():
            return noted.read_text().strip()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        out = ["--out", str(self.folder)]
        run_command(["mandate", "keygen", SIGNER, *out, "--json"])
        run_command(["clip", "reader", READER, *out, "--no-passphrase", "--json"])
        clip_key = self.folder / "collector.pub.json"
        data = ["--data", str(self.collector)]
        run_command(["collector", "clip-key", *data, "--out", str(clip_key), "--json"])
        run_command(
            [
                "mandate", "trust",
                "--authority", AUTHORITY,
                "--threshold", "1",
                "--key", str(self.folder / f"{SIGNER}.pub.json"),
                "--clip-key", str(clip_key),
                "--reader", str(self.folder / f"{READER}.reader.json"),
                "--out", str(self.trust),
                "--json",
            ]
        )  # fmt: skip
        taken = run_command(["collector", "trust", str(self.trust), *data, "--json"])
        fingerprint = str(taken[0]["fingerprint"])
        noted.write_text(fingerprint + "\n")
        return fingerprint

    def ensure_mandate(self, site: Path, models: Path, device: str) -> bool:
        """Sign and deliver this device a mandate for its site, unless one stands; whether one was.

        Raises VigieError when a command fails.
        """
        noted = self.folder / "mandate-for"
        known = run_command(["models", "list", "--models", str(models), "--json"])
        # A mandate names the detectors' files, so with another one of them it allows nothing.
        detectors = "".join(sorted(str(each["sha256"]) for each in known))
        what_for = device.encode() + detectors.encode() + site.read_bytes()
        digest = hashlib.sha256(what_for).hexdigest()
        if noted.exists():
            what, until = noted.read_text().split()
            if what == digest and int(until) > time.time() + LEAST_DAYS * _DAY_SECONDS:
                return False
        # Versions never go back, not even when this folder is lost: the clock counts them.
        version = int(time.time())
        ends = int(time.time()) + MANDATE_DAYS * _DAY_SECONDS
        draft = self.folder / "mandate.json"
        draft.unlink(missing_ok=True)
        self.mandate.unlink(missing_ok=True)
        run_command(
            [
                "mandate", "new", str(site),
                "--profile", "bench",
                "--version", str(version),
                "--device", device,
                "--authority", AUTHORITY,
                "--legal-basis", "None: a demonstration",
                "--purpose", "To show what the device does",
                "--place", "This machine",
                "--contact", "whoever started it",
                "--until", time.strftime("%Y-%m-%d", time.localtime(ends)),
                "--ring-days", "1",
                "--clips", "operator",
                "--models", str(models),
                "--out", str(draft),
                "--json",
            ]
        )  # fmt: skip
        key = self.folder / f"{SIGNER}.key.pem"
        signing = ["mandate", "sign", str(draft), "--key", str(key), "--out", str(self.mandate)]
        run_command([*signing, "--yes", "--json"])
        data = ["--data", str(self.collector)]
        run_command(["mandate", "deliver", str(self.mandate), *data, "--json"])
        noted.write_text(f"{digest} {ends}\n")
        return True
