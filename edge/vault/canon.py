"""One camera's packets in the form that the ring keeps: canonical samples and their stream.

H.264 and H.265 get 4-byte lengths and a configuration record, whatever the camera sends. Other
codecs are kept as they are. Parameter sets that change within the stream begin a new `Stream`.
"""

from dataclasses import replace

from edge.vault import units
from edge.vault.fragment import Stream
from edge.vault.units import DIALECTS, Dialect, UnitError
from edge.wire.packets import StreamHello


class Canon:
    """Converts the packets after one hello."""

    def __init__(self, hello: StreamHello) -> None:
        """Raises UnitError for parameter sets that cannot be read."""
        self._dialect: Dialect | None = DIALECTS.get(hello.codec)
        self._sets: tuple[bytes, ...] = ()
        self._length_bytes = 0  # 0: Annex B
        self._stream = Stream(
            codec=hello.codec,
            extradata=hello.extradata,
            width_px=hello.width_px,
            height_px=hello.height_px,
            time_base_num=hello.time_base_num,
            time_base_den=hello.time_base_den,
            is_masked=hello.is_masked,
            source_kind=hello.source_kind,
        )
        if self._dialect is not None:
            self._read_extradata(hello.extradata, self._dialect)

    @property
    def stream(self) -> Stream:
        """What the last sample belongs to."""
        return self._stream

    def convert(self, encoded: bytes) -> bytes:
        """The canonical sample; `stream` may be another one afterwards. Raises UnitError."""
        dialect = self._dialect
        if dialect is None:
            return encoded
        if self._length_bytes:
            found = units.split_lengths(encoded, self._length_bytes)
        else:
            found = units.split_annex_b(encoded)
        sets = units.parameter_sets(found, dialect)
        if sets:
            self._take_sets(self._merged(sets, dialect), dialect)
        if not self._sets:
            raise UnitError("no parameter sets came before it")
        if self._length_bytes == units.LENGTH_BYTES:
            return encoded
        return units.join_lengths(found)

    def _read_extradata(self, extradata: bytes, dialect: Dialect) -> None:
        if not extradata:
            return
        if units.is_annex_b(extradata):
            found = units.split_annex_b(extradata)
            self._take_sets(units.parameter_sets(found, dialect), dialect)
        else:
            self._length_bytes, sets = units.read_record(extradata, dialect)
            self._take_sets(sets, dialect)

    def _merged(self, sets: tuple[bytes, ...], dialect: Dialect) -> tuple[bytes, ...]:
        """New sets in the place of those of their type; a type that did not come stays."""
        come = {dialect.type_of(each) for each in sets}
        kept = tuple(each for each in self._sets if dialect.type_of(each) not in come)
        return units.parameter_sets((*kept, *sets), dialect)

    def _take_sets(self, sets: tuple[bytes, ...], dialect: Dialect) -> None:
        if sets != self._sets and units.is_complete(sets, dialect):
            record = units.make_record(sets, dialect)
            self._stream = replace(self._stream, extradata=record)
            self._sets = sets
