"""H.264 and H.265 as MP4 wants them: units with a 4-byte length before each, sets kept apart.

Cameras send Annex B (start codes); recordings have lengths already. Pure functions over bytes;
nothing here decodes a picture. Names and numbers are those of ISO/IEC 14496-15 (avcC, hvcC), of
ITU-T H.264 section 7.3 and of H.265 section 7.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import Kind, VigieError

LENGTH_BYTES = 4
_START_CODE = b"\x00\x00\x01"
_H264_SPS, _H264_PPS = 7, 8
_H265_VPS, _H265_SPS, _H265_PPS = 32, 33, 34
# Profiles whose avcC says the chroma format; ISO/IEC 14496-15 section 5.3.3.1.2.
_HIGH_PROFILES = frozenset({100, 110, 122, 144, 244, 44, 83, 86, 118, 128})
_MOST_SUB_LAYERS = 8
_MOST_SETS = 31
_LONGEST_SET_BYTES = 0xFFFF


class UnitError(VigieError):
    """Bytes that are no H.264 or H.265 units."""

    def __init__(self, what: str) -> None:
        super().__init__(Kind.DATA_LOSS, what)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the two codecs. set_types: parameter sets, in the order of avcC/hvcC."""

    name: str
    set_types: tuple[int, ...]
    type_shift: int
    type_mask: int
    size_place: int

    def type_of(self, unit: bytes) -> int:
        """The unit's type, from its first byte."""
        return unit[0] >> self.type_shift & self.type_mask


H264 = Dialect("h264", (_H264_SPS, _H264_PPS), 0, 0x1F, 4)
H265 = Dialect("hevc", (_H265_VPS, _H265_SPS, _H265_PPS), 1, 0x3F, 21)
DIALECTS = {dialect.name: dialect for dialect in (H264, H265)}


def is_annex_b(encoded: bytes) -> bool:
    """True when the bytes begin with a start code."""
    return encoded.startswith((_START_CODE, b"\x00" + _START_CODE))


def split_annex_b(encoded: bytes) -> list[bytes]:
    """The units between start codes; zeros that trail a unit belong to the next code."""
    units = []
    start = encoded.find(_START_CODE)
    while start >= 0:
        start += len(_START_CODE)
        end = encoded.find(_START_CODE, start)
        unit = encoded[start:] if end < 0 else encoded[start:end]
        unit = unit.rstrip(b"\x00")
        if unit:
            units.append(unit)
        start = end
    if not units:
        raise UnitError("there is no unit in it")
    return units


def split_lengths(encoded: bytes, length_bytes: int = LENGTH_BYTES) -> list[bytes]:
    """The units behind their lengths. Raises UnitError when the lengths do not add up."""
    units = []
    place = 0
    while place < len(encoded):
        start = place + length_bytes
        place = start + int.from_bytes(encoded[place:start], "big")
        if start > len(encoded) or place > len(encoded) or place == start:
            raise UnitError("its lengths do not add up")
        units.append(encoded[start:place])
    if not units:
        raise UnitError("there is no unit in it")
    return units


def join_lengths(units: Sequence[bytes]) -> bytes:
    """The canonical sample: each unit behind its length in 4 bytes."""
    return b"".join(part for unit in units for part in (len(unit).to_bytes(4, "big"), unit))


def parameter_sets(units: Sequence[bytes], dialect: Dialect) -> tuple[bytes, ...]:
    """The parameter sets among the units, each once, in the order of the configuration record."""
    found = [unit for unit in units if dialect.type_of(unit) in dialect.set_types]
    return tuple(sorted(dict.fromkeys(found), key=dialect.type_of))


def is_complete(sets: Sequence[bytes], dialect: Dialect) -> bool:
    """True when a decoder can start with these sets."""
    return {dialect.type_of(unit) for unit in sets} == set(dialect.set_types)


def read_record(extradata: bytes, dialect: Dialect) -> tuple[int, tuple[bytes, ...]]:
    """The length size and the parameter sets of an avcC or hvcC. Raises UnitError."""
    try:
        length_bytes = (extradata[dialect.size_place] & 3) + 1
        sets = _read_avcc(extradata) if dialect is H264 else _read_hvcc(extradata)
    except IndexError:
        raise UnitError("the configuration record is cut off") from None
    return length_bytes, sets


def _read_avcc(extradata: bytes) -> tuple[bytes, ...]:
    sets: list[bytes] = []
    place = 5
    for mask in (0x1F, 0xFF):
        count = extradata[place] & mask
        place = _take_sets(extradata, place + 1, count, sets)
    return tuple(sets)


def _read_hvcc(extradata: bytes) -> tuple[bytes, ...]:
    sets: list[bytes] = []
    place = 23
    for _ in range(extradata[22]):
        count = int.from_bytes(extradata[place + 1 : place + 3], "big")
        place = _take_sets(extradata, place + 3, count, sets)
    return parameter_sets(sets, H265)


def _take_sets(extradata: bytes, place: int, count: int, sets: list[bytes]) -> int:
    for _ in range(count):
        start = place + 2
        place = start + int.from_bytes(extradata[start - 2 : start], "big")
        if place > len(extradata) or place == start:
            raise UnitError("the configuration record is cut off")
        sets.append(extradata[start:place])
    return place


def make_record(sets: Sequence[bytes], dialect: Dialect) -> bytes:
    """The avcC or hvcC with 4-byte lengths. Raises UnitError for sets that cannot be read."""
    if len(sets) > _MOST_SETS or any(len(each) > _LONGEST_SET_BYTES for each in sets):
        raise UnitError("there are more or longer parameter sets than a record can hold")
    try:
        return _make_avcc(sets) if dialect is H264 else _make_hvcc(sets)
    except IndexError:
        raise UnitError("a parameter set is cut off") from None


def _make_avcc(sets: Sequence[bytes]) -> bytes:
    by_type = [[each for each in sets if H264.type_of(each) == kind] for kind in H264.set_types]
    first = by_type[0][0]
    record = bytes([1, first[1], first[2], first[3], 0xFC | LENGTH_BYTES - 1])
    record += bytes([0xE0 | len(by_type[0])]) + _sized(by_type[0])
    record += bytes([len(by_type[1])]) + _sized(by_type[1])
    if first[1] in _HIGH_PROFILES:
        bits = _Bits(first, 4)
        bits.golomb()  # seq_parameter_set_id
        chroma, luma_depth, chroma_depth = _read_format(bits)
        record += bytes([0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0])
    return record


def _make_hvcc(sets: Sequence[bytes]) -> bytes:
    by_type = [[each for each in sets if H265.type_of(each) == kind] for kind in H265.set_types]
    bits = _Bits(by_type[1][0], 2)
    bits.take(4)  # sps_video_parameter_set_id
    sub_layers = bits.take(3)
    is_nested = bits.take(1)
    profile = bits.take(96).to_bytes(12, "big")
    present = [(bits.take(1), bits.take(1)) for _ in range(sub_layers)]
    bits.take(2 * (_MOST_SUB_LAYERS - sub_layers) if sub_layers else 0)
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)
    bits.golomb()  # sps_seq_parameter_set_id
    chroma, luma_depth, chroma_depth = _read_format(bits, has_window=True)
    record = b"\x01" + profile + b"\xf0\x00\xfc"
    record += bytes([0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0, 0])
    record += bytes([(sub_layers + 1) << 3 | is_nested << 2 | LENGTH_BYTES - 1, len(by_type)])
    for kind, units in zip(H265.set_types, by_type, strict=True):
        record += bytes([kind]) + len(units).to_bytes(2, "big") + _sized(units)
    return record


def _read_format(bits: "_Bits", *, has_window: bool = False) -> tuple[int, int, int]:
    """chroma_format_idc and the two bit depths above 8; H.265 has the picture size between."""
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)  # separate_colour_plane_flag
    if has_window:
        bits.golomb(), bits.golomb()  # the picture's size
        for _ in range(4 * bits.take(1)):
            bits.golomb()  # conformance window
    luma_depth, chroma_depth = bits.golomb(), bits.golomb()
    if chroma > 3 or max(luma_depth, chroma_depth) > 6:
        raise UnitError("a parameter set names a picture format that cannot be")
    return chroma, luma_depth, chroma_depth


def _sized(units: Sequence[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


class _Bits:
    """Bits of a parameter set, the bytes that prevent start codes taken out."""

    def __init__(self, unit: bytes, skip_bytes: int) -> None:
        self._content = unit[skip_bytes:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._place = 0

    def take(self, count: int) -> int:
        """The next bits as a number. Raises IndexError at the end."""
        value = 0
        for place in range(self._place, self._place + count):
            value = value << 1 | self._content[place // 8] >> 7 - place % 8 & 1
        self._place += count
        return value

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number. Raises IndexError at the end."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
