"""Whom a pole believes: `DATA/trust.json`, pinned when it was enrolled and never changed by a room.

Pure: text in, frozen values out. `vigie mandate trust` writes the file on the authority's own
machine; its fingerprint covers every byte that matters, so that a collector which hands it out
cannot put in a reader of its own.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from edge.mandate.keys import PublicKey, get_keyid, read_public_key, read_raw
from edge.mandate.problem import MandateError
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object, write_object

FORMAT = 1
MAX_TRUST_BYTES = 32_768
"""As EnrolResponse.trust carries it."""
MAX_KEYS = 16
MAX_READERS = 64
MAX_VERSION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to whom clips are sealed. raw: X25519, 32 bytes."""

    name: str
    keyid: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """What eye and vault believe.

    authority: whose poles these are. threshold: how many of the keys must sign a mandate.
    clip_key: the collector's, for clip requests and the time; None: no clips, no told time.
    version_floor: mandates below this version are never believed, also on a fresh disk.
    """

    authority: str
    threshold: int
    keys: tuple[PublicKey, ...]
    clip_key: PublicKey | None = None
    readers: tuple[Reader, ...] = ()
    version_floor: int = 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything here, hexadecimal; what `device enrol --authority` demands."""
        text = json.dumps(_record(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(b"vigie trust 1\n" + text.encode()).hexdigest()


def load_trust(text: bytes | str) -> Trust:
    """The trust of a file's text. Raises MandateError with every problem."""
    received = text.encode() if isinstance(text, str) else text
    record = parse_object(
        received, what="the trust file", max_bytes=MAX_TRUST_BYTES, refusal=MandateError
    )
    fields = Fields(record)
    fields.whole("version", least=FORMAT, most=FORMAT)
    authority = fields.text("authority", longest=200)
    threshold = fields.whole("threshold", least=1, most=MAX_KEYS)
    keys = tuple(_closed_key(each) for each in fields.objects("keys", least=1, most=MAX_KEYS))
    clip_key = _clip_key(fields.inner("clip_key")) if "clip_key" in record else None
    readers: tuple[Reader, ...] = ()
    if "readers" in record:
        found = fields.objects("readers", least=0, most=MAX_READERS)
        readers = tuple(_reader(each) for each in found)
    floor = fields.whole("version_floor", least=0, most=MAX_VERSION, default=0)
    _check_set(fields, threshold, keys, readers)
    # Asked for above only where present; both are known keys all the same.
    fields.allow("clip_key", "readers")
    fields.close()
    fields.raise_problems(MandateError)
    return Trust(authority, threshold, keys, clip_key, readers, floor)


def load_reader(text: bytes) -> Reader:
    """The reader of a file with its name, keyid and X25519 key. Raises MandateError."""
    record = parse_object(
        text, what="the reader's key", max_bytes=MAX_TRUST_BYTES, refusal=MandateError
    )
    fields = Fields(record)
    reader = _reader(fields)
    fields.raise_problems(MandateError)
    return reader


def write_trust(trust: Trust) -> bytes:
    """The text of a trust file."""
    return write_object(_record(trust))


def _record(trust: Trust) -> dict[str, object]:
    record: dict[str, object] = {
        "version": FORMAT,
        "authority": trust.authority,
        "threshold": trust.threshold,
        "keys": [
            {"name": key.name, "keyid": key.keyid, "ed25519": _base64(key.raw)}
            for key in trust.keys
        ],
    }
    if trust.clip_key is not None:
        clip = trust.clip_key
        record["clip_key"] = {"keyid": clip.keyid, "ed25519": _base64(clip.raw)}
    record["readers"] = [
        {"name": each.name, "keyid": each.keyid, "x25519": _base64(each.raw)}
        for each in trust.readers
    ]
    if trust.version_floor:
        record["version_floor"] = trust.version_floor
    return record


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _closed_key(fields: Fields) -> PublicKey:
    key = read_public_key(fields)
    fields.close()
    return key


def _clip_key(fields: Fields) -> PublicKey:
    key = PublicKey("collector", read_raw(fields, "ed25519"))
    fields.allow("name")
    fields.close()
    return key


def _reader(fields: Fields) -> Reader:
    name, raw = fields.name("name"), read_raw(fields, "x25519")
    fields.close()
    return Reader(name, get_keyid(raw), raw)


def _check_set(
    fields: Fields, threshold: int, keys: tuple[PublicKey, ...], readers: tuple[Reader, ...]
) -> None:
    """Every key once, and enough of them."""
    for kind, named in (
        ("keys", [(each.name, each.keyid) for each in keys]),
        ("readers", [(each.name, each.keyid) for each in readers]),
    ):
        for index, (name, keyid) in enumerate(named):
            if keyid in [other for _, other in named[:index]]:
                fields.wrong(f"{kind}[{index}]", f"the key of {name} stands above already")
            if name in [other for other, _ in named[:index]]:
                fields.wrong(f"{kind}[{index}].name", f"{name} stands above already")
    if threshold > len(keys):
        what = f"is {threshold}, and there are {len(keys)} keys: no mandate could ever be signed"
        fields.wrong("threshold", what)
