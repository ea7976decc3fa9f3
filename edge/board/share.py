"""Fetches the collector's share, as the link's user: the one part that speaks to the network.

    python -m edge.board.share     prints one line of JSON

Root starts it through `fetch_share`, reads the line, and imports no gRPC itself.
"""

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from edge.board.machine import Machine, real_machine
from edge.board.settled import Places
from edge.board.trouble import BoardError, Trouble, name_call
from edge.errors import Kind, VigieError

if TYPE_CHECKING:
    from edge.enrolment.identity import Identity
    from edge.wire.v1.storage_pb2_grpc import StorageServiceAsyncStub

ANSWER_SECONDS = 30.0
SHARE_BYTES = 32
_AS_LINK = (
    *("setpriv", "--reuid", "vigie-link", "--regid", "vigie-link", "--clear-groups"),
    *("--no-new-privs", "--bounding-set", "-all"),
)


def fetch_share(machine: Machine) -> bytes:
    """The share. Raises BoardError: NO_NETWORK, WRONG_AUTHORITY, REFUSED, or NO_PROVISIONING."""
    output = machine.run([*_AS_LINK, sys.executable, "-m", "edge.board.share"], b"")
    lines = output.text.strip().splitlines()
    try:
        said = json.loads(lines[-1])
        if output.code == 0:
            return bytes.fromhex(said["share"])
        trouble = Trouble(said["trouble"])
        what, hint = str(said["what"]), said.get("hint")
    except (ValueError, KeyError, IndexError, TypeError) as wrong:
        # Never the text itself: a share could stand in it.
        raise BoardError(
            Trouble.STORAGE, f"the share's program ended with {output.code}"
        ) from wrong
    raise BoardError(trouble, what, hint=hint)


async def ask_share(identity: "Identity") -> bytes:
    """Ask the collector, proven by the device's certificate. Raises BoardError."""
    import grpc  # noqa: PLC0415 - not in root's process

    from edge.enrolment.certificate import get_credentials  # noqa: PLC0415
    from edge.enrolment.channel import get_kind, make_channel, wait_ready  # noqa: PLC0415
    from edge.enrolment.diagnosis import find_reason  # noqa: PLC0415
    from edge.wire.v1 import storage_pb2, storage_pb2_grpc  # noqa: PLC0415

    credentials = get_credentials(identity)
    async with make_channel(identity.collector, credentials) as channel:
        if not await wait_ready(channel):
            reason = await asyncio.to_thread(find_reason, identity.collector, credentials)
            raise name_call(reason, is_connecting=True)
        stub: StorageServiceAsyncStub = storage_pb2_grpc.StorageServiceStub(channel)
        try:
            answer = await stub.ReleaseShare(
                storage_pb2.ReleaseShareRequest(), timeout=ANSWER_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            told = error.details() or error.code().name.lower()
            refused = VigieError(get_kind(error.code()), f"the collector refused: {told}")
            raise name_call(refused, is_connecting=False) from error
    if len(answer.data_share) != SHARE_BYTES:
        raise BoardError(Trouble.REFUSED, "the collector's share has another length")
    return answer.data_share


def answer_line(machine: Machine) -> tuple[int, str]:
    """Exit code and the line to print."""
    from edge.enrolment.identity import IdentityDirectory, IdentityError  # noqa: PLC0415

    try:
        identity = IdentityDirectory(Places(machine).identity).read_identity()
        return 0, json.dumps({"share": asyncio.run(ask_share(identity)).hex()})
    except IdentityError as missing:
        is_absent = missing.kind is Kind.FAILED_PRECONDITION
        trouble = Trouble.NO_PROVISIONING if is_absent else Trouble.STORAGE
        error = BoardError(trouble, missing.what, hint=missing.hint)
    except BoardError as refused:
        error = refused
    return 1, json.dumps({"trouble": error.trouble.value, "what": error.what, "hint": error.hint})


def main() -> int:
    """Print one line."""
    code, line = answer_line(real_machine())
    print(line)
    return code


if __name__ == "__main__":
    sys.exit(main())
