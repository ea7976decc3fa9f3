"""The collector's commands: begun once, answered, and answered again when they come again.

Pure. Weak spot, known: an answer is remembered before it is sent, so a command that was done but
whose memory was lost to a power cut is done again; every command is harmless twice.
"""

from edge.errors import Kind
from edge.link import dialogue as said
from edge.link.greeting import UPDATE_BOTH, PeerError
from edge.link.ledger import Ledger
from edge.wire.v1 import session_pb2


class Commands:
    """One pole's, over all its streams."""

    def __init__(self, software: str, ledger: Ledger) -> None:
        self._software = software
        self._ledger = ledger

    def take(self, command: session_pb2.Command) -> list[said.Output]:
        """What a command on an open stream leads to. Raises PeerError for one without an id."""
        if not command.id:
            raise PeerError(
                Kind.INTERNAL, "the collector sent a command without an id", hint=UPDATE_BOTH
            )
        known = self._ledger.get_answer(command.id)
        if known is not None:
            return [_send(known)]
        if self._ledger.is_running(command.id):
            return []
        return self._begin(command)

    def finish(self, answer: session_pb2.Answer, *, has_stream: bool) -> list[said.Output]:
        """A command was done: remember, then answer where there is a stream."""
        self._ledger.finish(answer)
        outputs: list[said.Output] = [said.Remember(answer)]
        if has_stream:
            outputs.append(_send(answer))
        return outputs

    def _begin(self, command: session_pb2.Command) -> list[said.Output]:
        action = command.WhichOneof("action")
        if action is None:
            unknown = session_pb2.Answer(
                id=command.id,
                code=session_pb2.ANSWER_CODE_UNKNOWN,
                message=f"software {self._software} does not know this command",
            )
            return [_send(unknown)]
        self._ledger.begin(command.id)
        if action == "report_status":
            done = session_pb2.Answer(id=command.id, code=session_pb2.ANSWER_CODE_DONE)
            return [said.TakeStatus(), *self.finish(done, has_stream=True)]
        return [said.Perform(command)]


def _send(answer: session_pb2.Answer) -> said.Output:
    return said.Send(session_pb2.ConnectRequest(answer=answer))
