"""Which commands are under way and how the last ones were answered, so that twice is harmless."""

from collections.abc import Iterable

from edge.wire.v1 import session_pb2

# A collector repeats what it has no answer to; more than a few are never open at once.
MAX_ANSWERS = 256


class Ledger:
    """Answers by command id, the newest 256; the shell keeps a copy on disk."""

    def __init__(self, answers: Iterable[session_pb2.Answer] = ()) -> None:
        self._answers = {answer.id: answer for answer in answers}
        self._running: set[int] = set()

    @property
    def answers(self) -> tuple[session_pb2.Answer, ...]:
        """All answers kept, the oldest first."""
        return tuple(self._answers.values())

    def get_answer(self, command_id: int) -> session_pb2.Answer | None:
        """The answer once given, or None."""
        return self._answers.get(command_id)

    def is_running(self, command_id: int) -> bool:
        """True between `begin` and `finish`."""
        return command_id in self._running

    def begin(self, command_id: int) -> None:
        """The command is being done."""
        self._running.add(command_id)

    def finish(self, answer: session_pb2.Answer) -> None:
        """The command is done; the oldest answer makes room."""
        self._running.discard(answer.id)
        self._answers[answer.id] = answer
        while len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
