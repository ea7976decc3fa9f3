"""The poles' evidence keys, as the collector hands them out: signed, for whoever verifies clips.

A DSSE envelope by the collector's clip key, which the authority's trust file names. So the list may
come by any hand; whom to believe is what the trust file says, and nothing else.
"""

import json
from dataclasses import dataclass

from edge.errors import Kind
from edge.evidence.device_keys import DeviceKey, KeysError, key_record, read_key
from edge.mandate.envelope import DEVICE_KEYS, sign_payload, verify_envelope
from edge.mandate.keys import PublicKey, SigningKey
from edge.mandate.problem import MandateError
from edge.wire.fields import Fields
from edge.wire.strict_json import parse_object

VERSION = 1
MAX_FILE_BYTES = 24 * 1024 * 1024
MAX_KEYS = 50_000
_EXPORT_AGAIN = "Export it at the collector: 'vigie collector device-keys'."


@dataclass(frozen=True, slots=True)
class KeyList:
    """Every evidence key that the collector knew at a moment; a device may have several."""

    made_utc_ms: int
    keys: tuple[DeviceKey, ...]

    def check_age(self, cut_utc_ms: int, clock_error_ms: int) -> None:
        """Refuse to judge a clip by what was known before it was cut.

        cut_utc_ms, clock_error_ms: the pole's time of the cut, and how wrong it may be. Raises
        KeysError(FAILED_PRECONDITION).
        """
        if self.made_utc_ms < cut_utc_ms - clock_error_ms:
            raise KeysError(
                Kind.FAILED_PRECONDITION,
                "the list of device keys is older than the clip: it cannot say whether the pole "
                "was removed or had another key when it was cut",
                hint=_EXPORT_AGAIN,
            )


def sign_list(listed: KeyList, key: SigningKey) -> bytes:
    """The file that `vigie clip verify --device-keys` reads. key: the collector's clip key."""
    record = {
        "version": VERSION,
        "made_utc_ms": listed.made_utc_ms,
        "devices": [key_record(each) for each in listed.keys],
    }
    return sign_payload(json.dumps(record).encode(), DEVICE_KEYS, key)


def verify_list(received: bytes, clip_key: PublicKey | None) -> KeyList:
    """The list in a file that the trust file's clip key signed.

    Raises:
        KeysError: PERMISSION_DENIED when it did not, or the trust file names none;
            INVALID_ARGUMENT for what is no signed list.

    """
    if clip_key is None:
        raise KeysError(
            Kind.PERMISSION_DENIED,
            "the trust file names no clip key, so nobody's list of device keys is believed",
            hint="Give the trust file that the poles of this collector were enrolled with.",
        )
    record = parse_object(
        received, what="the list of device keys", max_bytes=MAX_FILE_BYTES, refusal=KeysError
    )
    if "devices" in record:
        raise KeysError(
            Kind.PERMISSION_DENIED, "the list of device keys is not signed", hint=_EXPORT_AGAIN
        )
    try:
        verified = verify_envelope(
            received, DEVICE_KEYS, [clip_key], threshold=1, max_bytes=MAX_FILE_BYTES
        )
    except MandateError as error:
        raise KeysError(
            error.kind,
            "the list of device keys is not signed by the clip key that the trust file names "
            f"({error.what})",
            hint=_EXPORT_AGAIN,
        ) from error
    return _parse(verified.payload)


def _parse(payload: bytes) -> KeyList:
    record = parse_object(
        payload, what="the list of device keys", max_bytes=MAX_FILE_BYTES, refusal=KeysError
    )
    fields = Fields(record, path="list of device keys")
    fields.whole("version", least=VERSION, most=VERSION)
    made_utc_ms = fields.utc_ms("made_utc_ms")
    keys = tuple(read_key(each) for each in fields.objects("devices", most=MAX_KEYS))
    fields.close()
    fields.raise_problems(KeysError)
    return KeyList(made_utc_ms, keys)
