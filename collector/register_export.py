"""The register, signed, as one archive that anybody can check without software of ours.

It has a key of its own, DATA/authority/register-key.pem. The clip key would have saved a file, but
poles obey what that key signs: a key that commands poles signs nothing that is made to be handed
around. And the signature is plain Ed25519 over a list of SHA-256 sums instead of an envelope, so
that `openssl` and `sha256sum`, which any auditor has, are enough to verify it.
"""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector.audit import Audit
from collector.reader import SqliteReader
from collector.register import Register, check_period, read_register
from collector.register_files import (
    INTERRUPTION_HEADS,
    SIGNAL_HEADS,
    WEEK_HEADS,
    Provenance,
    interruption_cells,
    moment,
    signal_cells,
    week_cells,
    write_csv,
    write_pdf,
)
from collector.trusted import Trusted
from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.mandate.keys import SigningKey, load_private_pem, make_signing_key, write_private_pem
from edge.whole_file import write_private

KEY_NAME, KEY_FILE = "register", "register-key.pem"
SUMS, SIGNATURE, PUBLIC_KEY = "SHA256SUMS", "SHA256SUMS.sig", "register-key.pub.pem"
_VERIFY = f"""\
Who made this, and is it whole? Two commands, in this folder:

  openssl pkeyutl -verify -pubin -inkey {PUBLIC_KEY} -rawin -in {SUMS} -sigfile {SIGNATURE}
  sha256sum --check {SUMS}

The first proves that the list of sums was signed with the key beside it, the second that the files
are those of the list. Compare the key with the one that you noted from the collector's page
before: the SHA-256 of its 32 raw bytes is

  {{key_sha256}}
"""


class RegisterExports:
    """Registers of one collector. Belongs to the event loop; files are written in threads."""

    def __init__(
        self, folder: Path, reader: SqliteReader, audit: Audit, trusted: Trusted, clock: Clock
    ) -> None:
        """Read the register key; it is made when there is none.

        Raises VigieError when it is damaged or cannot be written.
        """
        self._key = _ensure_key(folder / KEY_FILE)
        self._reader = reader
        self._audit = audit
        self._trusted = trusted
        self._clock = clock

    @property
    def key_sha256(self) -> str:
        """The fingerprint of the key that signs registers."""
        return self._key.public.keyid

    async def read(self, who: str, from_utc_ms: int, to_utc_ms: int) -> Register:
        """The register of a period, once the reading is audited. Raises VigieError."""
        check_period(from_utc_ms, to_utc_ms)
        await self._audit.record(who, "read register", _say(from_utc_ms, to_utc_ms))
        return await self._read(from_utc_ms, to_utc_ms)

    async def export(self, who: str, from_utc_ms: int, to_utc_ms: int) -> bytes:
        """The signed archive of a period, ZIP, once the export is audited. Raises VigieError."""
        check_period(from_utc_ms, to_utc_ms)
        await self._audit.record(who, "export register", _say(from_utc_ms, to_utc_ms))
        register = await self._read(from_utc_ms, to_utc_ms)
        line, head = await self._audit.verify()
        trust = self._trusted.trust
        made = Provenance(
            authority=trust.authority if trust else "",
            made_utc_ms=self._clock.utc_ns() // 1_000_000,
            made_by=who,
            key_sha256=self.key_sha256,
            audit_line=line,
            audit_head=head.hex(),
        )
        return await asyncio.to_thread(_pack, register, made, self._key)

    async def _read(self, from_utc_ms: int, to_utc_ms: int) -> Register:
        return await self._reader.read(
            lambda connection: read_register(connection, from_utc_ms, to_utc_ms)
        )


def _ensure_key(path: Path) -> SigningKey:
    if not path.exists():
        key = make_signing_key(KEY_NAME)
        write_private(path, write_private_pem(key))
        return key
    try:
        return load_private_pem(KEY_NAME, path.read_bytes())
    except (OSError, VigieError) as broken:
        raise VigieError(
            Kind.DATA_LOSS,
            "the register key cannot be read",
            where=str(path),
            hint="Restore it from a copy: those who check registers have noted this key.",
        ) from broken


def _pack(register: Register, made: Provenance, key: SigningKey) -> bytes:
    files = {
        "signals.csv": write_csv(SIGNAL_HEADS, map(signal_cells, register.signals)),
        "interruptions.csv": write_csv(
            INTERRUPTION_HEADS, map(interruption_cells, register.interruptions)
        ),
        "weeks.csv": write_csv(WEEK_HEADS, map(week_cells, register.weeks)),
        "register.pdf": write_pdf(register, made),
        "VERIFY.txt": _VERIFY.format(key_sha256=made.key_sha256).encode(),
    }
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    ).encode()
    files[SUMS], files[SIGNATURE] = sums, key.private.sign(sums)
    public = key.private.public_key()
    files[PUBLIC_KEY] = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _say(from_utc_ms: int, to_utc_ms: int) -> str:
    return f"{moment(from_utc_ms)} to {moment(to_utc_ms)}"
