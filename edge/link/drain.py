"""The spool in the session's words: what a hello says of it, what a fetch gives, what may go."""

from pathlib import Path

from edge.link.dialogue import BatchesReady, Fetch, Holdings, Spooled
from edge.spool.places import ensure_spool_folder, spool_path
from edge.spool.reader import Reader
from edge.spool.spool import Pending
from edge.wire.v1 import event_pb2


class Drain:
    """One open spool. Fact 9: every call runs on the reader's one worker thread, never here."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @classmethod
    async def open(cls, data: Path) -> "Drain":
        """Open the spool of a pole. Raises StorageError."""
        ensure_spool_folder(data)
        return cls(await Reader.open(spool_path(data)))

    async def wait(self) -> None:
        """Until something was appended, or a second has passed."""
        await self._reader.wait()

    async def read_holdings(self) -> Holdings:
        """What a hello says about the spool. Raises StorageError."""
        pending = await self._reader.pending()
        return Holdings(pending.epoch, pending.last_seq, pending.first_seq)

    async def read_pending(self) -> Pending:
        """What a status says about the spool. Raises StorageError."""
        return await self._reader.pending()

    async def read_batches(self, fetch: Fetch) -> BatchesReady:
        """What stands after a seq, with the dictionaries it needs. Raises StorageError."""
        found = await self._reader.read(fetch.after_seq)
        epoch = found[0].epoch if found else self._reader.epoch
        batches = tuple(
            Spooled(each.batch.first_seq, each.last_seq, each.batch)
            for each in found[: fetch.limit_batches]
            if each.epoch == epoch
        )
        dictionaries: dict[int, event_pb2.Dictionary] = {}
        for number in {each.batch.dictionary for each in batches}:
            dictionary = await self._reader.dictionary(number)
            if dictionary is not None:
                dictionaries[number] = dictionary
        return BatchesReady(fetch.number, epoch, batches, dictionaries)

    async def delete(self, epoch: int, up_to_seq: int) -> None:
        """Forget what is acknowledged; nothing when the spool has begun a new epoch since.

        Raises StorageError; nothing is lost then, what stays is acknowledged again later.
        """
        if self._reader.epoch == epoch:
            await self._reader.acknowledge(up_to_seq)

    async def close(self) -> None:
        """Let go of the file."""
        await self._reader.close()
